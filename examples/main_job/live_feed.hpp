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

    // Until the page is closed, or stop().
    void serve(tendril::http::Request& request, tendril::http::Response& response);

    // They are told to go away, soon.
    void stop() { stopping_ = true; }

private:
    Figures& figures_;
    bool stopping_ = false;
};

}  // namespace demo
