// SPDX-License-Identifier: MIT
//
// LiveFeed: sends the figures to the live pages that are open, over a WebSocket each, twice a second.

#pragma once

#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>

#include "figures.hpp"

namespace demo {

class LiveFeed {
public:
    explicit LiveFeed(Figures& figures) : figures_(figures) {}

    // Serves a page until it is closed, or until stop().
    void serve(tendril::http::Request& request, tendril::http::Response& response);

    // Makes all pages close soon.
    void stop() { stopping_ = true; }

private:
    Figures& figures_;
    bool stopping_ = false;
};

}  // namespace demo
