// SPDX-License-Identifier: MIT
// Floor: net
//
// StreamServer: serve() as an object, which is started and stopped.
//
//     StreamServer server(listen("127.0.0.1:0"), [](TcpSocket& client) { ... });
//     server.start();
//     ...
//     server.stop(5s);         handlers have five seconds to come to an end
//
// It belongs to the OS thread that made it. Example: examples/stream_server.cpp

#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <tendril/duration.hpp>
#include <tendril/server.hpp>

namespace tendril {

namespace detail {

class StreamServerCore;

// The listener that a StreamServer owns, whatever its type.
struct OwnedListener {
    std::shared_ptr<void> owner;
    Listener* listener;
    ConnectionHandler handler;
};

}  // namespace detail

class StreamServer {
public:
    // Of a Listener, or one that wraps its connections (TlsListener). The handler is as serve()'s.
    // Throws: std::invalid_argument as serve().
    template <class L, class H>
    requires(std::same_as<L, Listener> || detail::WrappingListener<L>)
        StreamServer(L listener, H handler, const StreamServerOptions& given = {}, Site at = Site::here()) {
        const StreamServerOptions options = detail::complete(given, at);
        auto owned = std::make_shared<L>(std::move(listener));
        if constexpr (std::same_as<L, Listener>) {
            make_core({owned, owned.get(), detail::plain_handler(std::move(handler))}, options);
        } else {
            make_core({owned, &owned->listener(), detail::wrapping_handler(*owned, std::move(handler), options)},
                      options);
        }
    }

    // Listens there itself. Throws: as listen().
    template <class H>
    StreamServer(std::string_view address, H handler, const StreamServerOptions& options = {}, Site at = Site::here())
        : StreamServer(listen(address), std::move(handler), options, at) {}

    StreamServer(const StreamServer&) = delete;
    StreamServer& operator=(const StreamServer&) = delete;

    // Stops without a drain: handlers are killed and waited for, under a Shield. In one of them: not waited for.
    ~StreamServer();

    // Begins to accept, in a green thread of its own; with several hubs once all of them do. Yields then.
    // Throws: std::logic_error when it has been stopped; what the start of another hub threw.
    void start();

    // Accepts what waits in the backlog, as far as there is room, and no more; closes the listener, so that others are
    // refused; lets handlers go on until the drain is over, and kills those that are left then; those that are idle
    // (Serving::Idle) at once. Without a drain, or without room for it, what waits in the backlog is reset, and so may
    // be who connects at the very moment of the close. Idempotent.
    // Returns: how many were killed. Yields. Throws: Interrupt, when the handlers are killed and ended;
    // std::logic_error in one of the handlers, which throws StopServe instead.
    std::size_t stop(Duration drain = std::chrono::seconds(1));

    // Starts, and waits until it has been stopped by another green thread or by StopServe. Throws: what ended it, as
    // serve(); Interrupt: it is stopped without a drain first.
    void serve_forever();

    // Connections wait in the backlog meanwhile.
    void stop_accepting();
    void start_accepting();

    Address address() const;               // with the port that the system chose
    bool is_running() const noexcept;      // started, and not stopped
    std::size_t running() const noexcept;  // handlers of this hub
    const ErrorLog& error_log() const noexcept;

private:
    void make_core(detail::OwnedListener listener, const StreamServerOptions& options);
    std::shared_ptr<detail::StreamServerCore> core_;
};

}  // namespace tendril
