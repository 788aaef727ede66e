// SPDX-License-Identifier: MIT
// Floor: net
//
// serve: a green thread for each connection that comes.
//
//     serve(listen("127.0.0.1:7000"), [](TcpSocket& client) { ... }, {.concurrency = 1000});
//     serve(wrap_ssl(listen(":443"), tls), [](TlsSocket& client, const Address& peer) { ... }, {.hubs = 4});
//
// stream_server.hpp has the same as an object that is started and stopped. Example: examples/echo_server.cpp

#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/address.hpp>
#include <tendril/duration.hpp>
#include <tendril/error_log.hpp>
#include <tendril/network.hpp>
#include <tendril/site.hpp>
#include <tendril/socket.hpp>

namespace tendril {

class Pool;

// A handler that throws it ends the serve() that called it.
class StopServe : public std::runtime_error {
public:
    StopServe() : std::runtime_error("StopServe was thrown outside a handler of serve()") {}
};

// What becomes of a handler's error. `report`: it goes to the ErrorLog, and serving goes on. `end`: serving ends as at
// StopServe, and serve() throws it.
enum class OnHandlerError { report, end };

// Does a proxy in front say first who the client is (proxy_protocol.hpp)? `required`: a connection that does not begin
// so is closed. Ask for it only where nobody but the proxy can connect, as who can, may say that he is anybody; or name
// the proxies in StreamServerOptions::proxy_sources.
enum class ProxyProtocol { off, required };

struct StreamServerOptions {
    // Handlers at once, in each hub. At the limit connections wait in the backlog; when one waits, the connection that
    // has been idle for longest (Serving::Idle) is closed for it.
    std::size_t concurrency = 1024;
    // Handlers at once for one client, in each hub; 0: no limit. A client is an IPv4 address or the first 64 bits of
    // an IPv6 address, as the proxy says it where there is one. One more is closed at once.
    std::size_t max_per_address = 0;
    // Handlers are members of this Pool instead, beside what others spawn in it; concurrency says nothing then. While
    // it is full, serving waits for a slot in line with all who would spawn, and connections wait in the backlog. What
    // kills the Pool's members ends handlers, and serving goes on. It outlives the serving; with hubs = 1 only.
    Pool* pool = nullptr;
    std::size_t stack_size = 0;  // of a handler's green thread; 0: 256 KiB
    // How long handlers may go on after the end of accepting, before they are killed; at most: for ever.
    Duration drain = forever;
    OnHandlerError on_error = OnHandlerError::report;
    ProxyProtocol proxy_protocol = ProxyProtocol::off;
    // The proxies: their connections must begin with the header; all others are plain ones, from their first byte on.
    // Empty: everybody is a proxy.
    std::vector<Network> proxy_sources = {};
    // For what comes before the handler: the proxy's header, and the handshake of a TLS listener.
    Duration handshake_timeout = std::chrono::seconds(10);
    // Hubs that serve, each in an OS thread: this one and others that are started; 0: one for each processor. The
    // handler is then called in several OS threads at the same time. A listener with reuse_port has one beside it in
    // each hub, and the kernel chooses among them; any other is accepted from here, for the hub that has least to do.
    unsigned hubs = 1;
    std::stop_token stop = {};  // when a stop is requested, in any OS thread, serving ends as at StopServe

    // Where errors of connections go, and are counted. Nothing: the server has one of its own, of default options.
    std::shared_ptr<ErrorLog> error_log = {};

    Site where = {};  // the place that reports name for handlers; empty: that of the call
};

// What a handler may ask of who serves: handler(socket, peer, serving).
class Serving {
public:
    virtual bool stopping() const noexcept = 0;  // no more connections are accepted, and handlers should come to an end

    // While it lives its connection has nothing under way, as between two requests: when serving stops, its handler is
    // killed at once, without waiting for the drain; and at StreamServerOptions::concurrency (not in a Pool), when its
    // place is wanted for a new client and no other has been idle for longer. Begun when serving has stopped already,
    // it throws GreenletExit.
    class Idle {
    public:
        explicit Idle(Serving& serving) : serving_(serving) { serving_.set_idle(true); }
        Idle(const Idle&) = delete;
        Idle& operator=(const Idle&) = delete;
        ~Idle() { serving_.set_idle(false); }

    private:
        Serving& serving_;
    };

protected:
    ~Serving() = default;
    virtual void set_idle(bool idle) = 0;
};

namespace detail {

using ConnectionHandler = std::function<void(TcpSocket&, const Address&, Serving&)>;
void serve(Listener& listener, ConnectionHandler handler, const StreamServerOptions& options);
// Options with a log, and with the place of the call.
StreamServerOptions complete(StreamServerOptions options, const Site& at);
// The exception that is being handled.
void report_connection(const StreamServerOptions& options, ErrorKind kind, const Address& peer);

// A listener that makes something else of each connection, before its handler: TLS.
template <class L>
concept WrappingListener = requires(L& l, TcpSocket s) {
    { l.listener() } -> std::same_as<Listener&>;
    l.wrap(std::move(s)).handshake(Deadline());
};

template <class H, class S>
void call_handler(H& handler, S& socket, const Address& peer, Serving& serving) {
    if constexpr (std::is_invocable_v<H&, S&, const Address&, Serving&>) {
        handler(socket, peer, serving);
    } else if constexpr (std::is_invocable_v<H&, S&, const Address&>) {
        handler(socket, peer);
    } else {
        static_assert(std::is_invocable_v<H&, S&>,
                      "a handler takes (TcpSocket&), or what the listener makes of it; then perhaps const Address&; "
                      "then perhaps Serving&");
        handler(socket);
    }
}

template <class H>
ConnectionHandler plain_handler(H handler) {
    return
        [shared = std::make_shared<H>(std::move(handler))](TcpSocket& client, const Address& peer, Serving& serving) {
            call_handler(*shared, client, peer, serving);
        };
}

// `listener` outlives it.
template <class L, class H>
ConnectionHandler wrapping_handler(L& listener, H handler, const StreamServerOptions& options) {
    return [shared = std::make_shared<H>(std::move(handler)), &listener,
            options](TcpSocket& client, const Address& peer, Serving& serving) {
        const Deadline deadline(options.handshake_timeout);
        decltype(listener.wrap(std::move(client))) wrapped;
        try {
            if (!client.ready()) {
                const Serving::Idle idle(serving);  // it may be dropped for another while it says nothing
                try {
                    client.await_data(deadline);
                } catch (const TimeoutError&) {  // the handshake, which is as late, says so in its own words
                }
            }
            wrapped = listener.wrap(std::move(client));
            wrapped.handshake(deadline);
        } catch (const std::exception&) {
            report_connection(options, ErrorKind::handshake, peer);  // whatever the policy for handlers' errors
            return;
        }
        call_handler(*shared, wrapped, peer, serving);
    };
}

}  // namespace detail

// Accepts until a handler throws StopServe, a stop is requested or the listener is closed, then waits for the handlers
// that still run. The handler is called as handler(socket), handler(socket, peer) or handler(socket, peer, serving) in
// a green thread of its own; its socket is closed when it returns. What it throws is reported or ends serving, as
// on_error says; that the client has gone is counted only (error_log.hpp). Out of descriptors or memory, it pauses
// accepting (10 ms, doubling up to 1 s, or until a handler ends) and goes on. When descriptors are missing for 0.3 s
// and more, those who wait are accepted, with one that is held in reserve, and reset after each pause (64 at most);
// that is reported once. StopServe leaves the listener open.
// Yields. Throws: Interrupt: the handlers are killed and waited for first; std::system_error when the listener is
// broken; std::invalid_argument for options that cannot be.
template <class H>
void serve(Listener& listener, H handler, const StreamServerOptions& options = {}, Site at = Site::here()) {
    detail::serve(listener, detail::plain_handler(std::move(handler)), detail::complete(options, at));
}

template <class L, class H>
requires detail::WrappingListener<L>
void serve(L& listener, H handler, const StreamServerOptions& options = {}, Site at = Site::here()) {
    const StreamServerOptions whole = detail::complete(options, at);
    detail::serve(listener.listener(), detail::wrapping_handler(listener, std::move(handler), whole), whole);
}

template <class L, class H>
requires(!std::is_lvalue_reference_v<L>) void serve(L&& listener, H handler, const StreamServerOptions& options = {},
                                                    Site at = Site::here()) {
    L owned = std::forward<L>(listener);
    serve(owned, std::move(handler), options, at);
}

}  // namespace tendril
