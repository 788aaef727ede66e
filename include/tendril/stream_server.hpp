// SPDX-License-Identifier: MIT
// Floor: net
//
// StreamServer: serve() as an object that can be started and stopped.
//
//     StreamServer server(listen("127.0.0.1:0"), [](TcpSocket& client) { ... });
//     server.start();
//     ...
//     server.stop(5s);         handlers have five seconds to come to an end
//
// It belongs to the OS thread that made it: start(), stop() and the like throw WrongThread elsewhere. Example:
// examples/stream_server.cpp

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

// The listener that a StreamServer owns, of any type.
struct OwnedListener {
    std::shared_ptr<void> owner;
    Listener* listener;
    ConnectionHandler handler;
};

}  // namespace detail

class StreamServer {
public:
    // Takes over a Listener, or one that wraps its connections (TlsListener). The handler and the options are as
    // serve()'s. Accepts nothing before start(). Throws: std::invalid_argument as serve(); std::system_error (EBADF)
    // for a closed listener.
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
        // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the core owns the handler
    }

    // The same, with a listener that it makes by listen(address). Throws: as listen() too.
    template <class H>
    StreamServer(std::string_view address, H handler, const StreamServerOptions& options = {}, Site at = Site::here())
        : StreamServer(listen(address), std::move(handler), options, at) {}

    StreamServer(const StreamServer&) = delete;
    StreamServer& operator=(const StreamServer&) = delete;

    // Stops without a drain, under a Shield: kills the handlers and waits for their end. In one of the handlers, it
    // does not wait for them.
    ~StreamServer();

    // Begins to accept, in a green thread of its own. With several hubs it waits until all of them accept; with one it
    // does not yield. Does nothing if the server has been started already.
    // Throws: std::logic_error if the server has been stopped; what the start of another hub threw: it is then stopped.
    void start();

    // Ends serving:
    //   1. accepts what waits in the backlog, if there is room for it and a drain
    //   2. closes the listener, so that later clients are refused
    //   3. kills idle handlers (Serving::Idle) at once
    //   4. lets the others go on for `drain`, and kills those that are left then
    // Clients left in the backlog are reset; so may be those that connect at the very moment of the close. Idempotent.
    // Yields. Returns: how many handlers were killed.
    // Throws: Interrupt; all handlers have been killed and have ended by then. std::logic_error if a handler of this
    // server calls it: throw StopServe there instead.
    std::size_t stop(Duration drain = std::chrono::seconds(1));

    // Starts, and waits until another green thread stops the server or a handler throws StopServe; closes the listener.
    // Throws: what ended serving, as serve(); Interrupt; then the server has been stopped without a drain.
    void serve_forever();

    // Pause and resume accepting; connections wait in the backlog meanwhile, and handlers go on. Do not wait.
    void stop_accepting();
    void start_accepting();

    Address address() const;                     // with the port that the system chose; throws EBADF once closed
    bool is_running() const noexcept;            // started, and not stopped
    std::size_t running() const noexcept;        // handlers of this hub that have not ended
    const ErrorLog& error_log() const noexcept;  // the one of the options, or the server's own

private:
    void make_core(detail::OwnedListener listener, const StreamServerOptions& options);
    std::shared_ptr<detail::StreamServerCore> core_;
};

}  // namespace tendril
