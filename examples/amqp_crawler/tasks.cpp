// SPDX-License-Identifier: MIT

#include "tasks.hpp"

#include <chrono>
#include <sstream>

#include <tendril/http/client.hpp>

Page fetch(const std::string& url) {
    tendril::http::ClientResponse answer = tendril::http::get(url, {}, std::chrono::seconds(10));
    Page page{url, answer.status(), {}};
    std::istringstream text(answer.text());
    for (std::string link; answer.ok() && std::getline(text, link);) {
        page.links.push_back(link);
    }
    return page;
}
