// SPDX-License-Identifier: MIT
//
// serve: a green thread for each connection that comes.
//
//     serve(listen("127.0.0.1:7000"), [](TcpSocket& client) { ... }, {.concurrency = 1000});
//
// Example: examples/echo_server.cpp

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tendril/address.hpp>
#include <tendril/site.hpp>
#include <tendril/socket.hpp>

namespace tendril {

// A handler that throws it ends the serve() that called it.
class StopServe : public std::runtime_error {
public:
    StopServe() : std::runtime_error("StopServe was thrown outside a handler of serve()") {}
};

struct ServeOptions {
    std::size_t concurrency = 1000;  // handlers at once; at the limit connections wait in the backlog
    std::size_t stack_size = 0;      // of a handler's green thread; 0: 256 KiB
    // How long handlers may go on after the end of accepting, before they are killed; at most: for ever.
    std::chrono::nanoseconds drain = std::chrono::nanoseconds::max();

    Site where = Site::here();  // the place that reports name for handlers: that of the call
};

namespace detail {
using ConnectionHandler = std::function<void(TcpSocket&, const Address&)>;
void serve(Listener& listener, ConnectionHandler handler, const ServeOptions& options);
}  // namespace detail

// Accepts until a handler throws StopServe or the listener is closed, then waits for the handlers that still run. The
// handler is called as handler(socket) or handler(socket, peer) in a green thread of its own; its socket is closed
// when it returns. What it throws goes to the hub's error handler, and serving goes on. Out of descriptors or memory,
// it pauses accepting (10 ms, doubling up to 1 s, or until a handler ends) and goes on. StopServe leaves the listener
// open. Yields. Throws: Interrupt: the handlers are killed and waited for first; std::system_error when the listener
// is broken; std::invalid_argument for a concurrency of 0.
template <class H>
void serve(Listener& listener, H handler, const ServeOptions& options = {}) {
    auto shared = std::make_shared<H>(std::move(handler));
    if constexpr (std::is_invocable_v<H&, TcpSocket&, const Address&>) {
        detail::serve(
            listener, [shared](TcpSocket& client, const Address& peer) { (*shared)(client, peer); }, options);
    } else {
        static_assert(std::is_invocable_v<H&, TcpSocket&>,
                      "a handler takes (TcpSocket&) or (TcpSocket&, const Address&)");
        detail::serve(
            listener, [shared](TcpSocket& client, const Address&) { (*shared)(client); }, options);
    }
}

template <class H>
void serve(Listener&& listener, H handler, const ServeOptions& options = {}) {
    Listener owned = std::move(listener);
    serve(owned, std::move(handler), options);
}

}  // namespace tendril
