// SPDX-License-Identifier: MIT
//
// PageServer: serves the pages, one green thread per connection.

#pragma once

#include <chrono>
#include <cstddef>
#include <list>

#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>

namespace demo {

class PageServer {
public:
    // patience: a connection from which no whole request comes for so long is closed.
    PageServer(tendril::Listener listener, std::size_t most_connections, std::chrono::seconds patience);

    tendril::Address address() const { return listener_.address(); }

    // Serves until stop(), then until the answers that are being made are sent. Waits.
    void run();

    // Ends run(). Does not wait, so the hub's callbacks may call it.
    void stop();

private:
    void talk(tendril::TcpSocket& client);

    tendril::Listener listener_;
    std::size_t most_connections_;
    std::chrono::seconds patience_;
    std::list<tendril::AnyGreenlet> talking_;
    bool stopping_ = false;
};

}  // namespace demo
