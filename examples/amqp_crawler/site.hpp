// SPDX-License-Identifier: MIT
//
// A small web site to crawl.

#pragma once

#include <string>

#include <tendril/http/server.hpp>

class Site {
public:
    Site();
    std::string url() const { return "http://" + server_.address().to_string(); }

private:
    void answer(const tendril::http::Request& request, tendril::http::Response& response) const;
    tendril::http::Server server_;
};
