// SPDX-License-Identifier: MIT
//
// WebServer: serves the pages, one green thread per connection.

#pragma once

#include <chrono>
#include <cstddef>

#include <tendril/http/server.hpp>
#include <tendril/socket.hpp>

#include "figures.hpp"
#include "live_feed.hpp"

namespace demo {

class WebServer {
public:
    // `patience`: how long a connection may go without a whole request before it is closed.
    WebServer(tendril::Listener listener, std::size_t most_connections, std::chrono::seconds patience);

    tendril::Address address() const { return server_.address(); }

    // Begins to serve; returns at once.
    void start() { server_.start(); }

    // Waits, for a second at most, until the answers under way are sent.
    void stop();

private:
    Figures figures_;
    LiveFeed feed_{figures_};
    tendril::http::Server server_;
};

}  // namespace demo
