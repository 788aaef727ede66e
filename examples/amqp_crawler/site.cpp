// SPDX-License-Identifier: MIT

#include "site.hpp"

#include <map>
#include <vector>

static const std::map<std::string, std::vector<std::string>> pages = {
    {"/", {"/news", "/about", "/shop"}},
    {"/news", {"/news/1", "/news/2"}},
    {"/news/1", {}},
    {"/news/2", {"/news/1", "/late"}},
    {"/about", {"/", "/people"}},
    {"/people", {"/about"}},
    {"/shop", {"/news/2", "/basket"}},
    {"/basket", {}},
};

Site::Site()
    : server_("127.0.0.1:0", [this](tendril::http::Request& request, tendril::http::Response& response) {
          answer(request, response);
      }) {
    server_.start();
}

void Site::answer(const tendril::http::Request& request, tendril::http::Response& response) const {
    const auto page = pages.find(std::string(request.path()));
    if (page == pages.end()) {
        response.send(404, "there is no such page\n", "text/plain");
        return;
    }
    std::string text;
    for (const std::string& link : page->second) {
        text += url() + link + '\n';
    }
    response.send(text, "text/plain");
}
