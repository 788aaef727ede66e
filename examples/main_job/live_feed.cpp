// SPDX-License-Identifier: MIT

#include "live_feed.hpp"

#include <chrono>
#include <optional>
#include <system_error>

#include <tendril/error.hpp>
#include <tendril/http/websocket.hpp>

namespace demo {

namespace {

using namespace std::chrono_literals;
using tendril::http::WebSocket;

// Returns: whether the page has closed. Ignores what it says.
bool closes_within(WebSocket& page, std::chrono::milliseconds interval) {
    const tendril::Deadline deadline = interval;
    try {
        while (page.recv(deadline)) {
        }
        return true;
    } catch (const tendril::TimeoutError&) {
        return false;
    }
}

}  // namespace

void LiveFeed::serve(tendril::http::Request& request, tendril::http::Response& response) {
    std::optional<WebSocket> page = tendril::http::websocket_accept(request, response, {.max_message = 1024});
    if (!page) {
        return;
    }
    try {
        do {
            page->send(figures_.json(request.server()), 10s);
        } while (!closes_within(*page, 500ms) && !stopping_);
        page->close(tendril::http::close_code::going_away);
    } catch (const std::system_error&) {  // the page has gone without a Close
    }
}

}  // namespace demo
