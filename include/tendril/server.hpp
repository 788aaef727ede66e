// SPDX-License-Identifier: MIT
// Floor: net
//
// serve: accepts connections and handles each in a green thread of its own.
//
//     serve(listen("127.0.0.1:7000"), [](TcpSocket& client) { ... }, {.concurrency = 1000});
//     serve(wrap_ssl(listen(":443"), tls), [](TlsSocket& client, const Address& peer) { ... }, {.hubs = 4});
//
// stream_server.hpp has the same as an object that can be started and stopped. Example: examples/echo_server.cpp

#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
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

// A handler throws it to end the serve() or the server that called it.
class StopServe : public std::runtime_error {
public:
    StopServe() : std::runtime_error("StopServe was thrown outside a handler of serve()") {}
};

// What to do with an exception that a handler throws. `report`: it goes to the ErrorLog, and serving goes on. `end`:
// serving ends as at StopServe, and serve() throws the exception.
enum class OnHandlerError { report, end };

// Whether connections begin with a header in which a proxy names the client (proxy_protocol.hpp). `required`: one that
// does not is closed. Any client that can connect directly could claim any address, so use it only if nothing but the
// proxy can connect, or name the proxies in StreamServerOptions::proxy_sources.
enum class ProxyProtocol { off, required };

// Options of serve() and of a StreamServer.
struct StreamServerOptions {
    // Handlers that run at once, in each hub. At the limit connections wait in the backlog; while one waits, the
    // connection that has been idle longest (Serving::Idle) is closed to make room.
    std::size_t concurrency = 1024;

    // Handlers at once for one client, in each hub; 0: no limit. A client is an IPv4 address or the first 64 bits of
    // an IPv6 address, taken from the proxy's header if there is one. A connection above the limit is closed at once.
    std::size_t max_per_address = 0;

    // Makes handlers members of this Pool, next to what else is spawned in it; `concurrency` then has no effect. While
    // the Pool is full, serving stands in line for a slot with all other spawners, and connections wait in the backlog.
    // Killing the Pool's members ends handlers, but not serving. The Pool must outlive the serving. With hubs = 1 only.
    Pool* pool = nullptr;

    // Connections accepted in a row before other green threads of this hub have their turn; at least 1. Set it to 1
    // where processes share one listener and each connection is much work, so that all get their part.
    std::size_t max_accept = 64;

    // The pause in accepting when descriptors or memory are missing: the first one, and, as it doubles each time, the
    // longest. It ends early when a handler ends.
    Duration min_delay = std::chrono::milliseconds(10);
    Duration max_delay = std::chrono::seconds(1);

    std::size_t stack_size = 0;  // of a handler's green thread, in bytes; 0: 256 KiB

    // How long handlers may go on after accepting has ended, before they are killed.
    Duration drain = forever;

    OnHandlerError on_error = OnHandlerError::report;   // what an error of a handler does
    ProxyProtocol proxy_protocol = ProxyProtocol::off;  // whether connections begin with a PROXY header

    // The proxies: their connections must begin with the header, and all others are plain from their first byte on.
    // Empty: every connection is a proxy's.
    std::vector<Network> proxy_sources = {};

    // Limits what precedes the handler: the proxy's header, and the handshake of a TLS listener, each for itself.
    Duration handshake_timeout = std::chrono::seconds(10);

    // Hubs that serve, each in an OS thread: this one, and others that serve() starts; 0: one for each processor. The
    // handler is then called in several OS threads at the same time. If the listener has reuse_port, every other hub
    // makes a listener at the same address, and the kernel chooses among them. Otherwise this hub accepts for all, and
    // hands each connection to the hub with the fewest.
    unsigned hubs = 1;

    std::stop_token stop = {};  // when a stop is requested, in any OS thread, serving ends as at StopServe

    // Where errors of connections are counted and printed. nullptr: the server has a log of its own, with the defaults.
    std::shared_ptr<ErrorLog> error_log = {};

    Site where = {};  // the place that reports name for handlers; empty: that of the call
};

// Whether an idle connection keeps its place when a new client needs it. `yielded`: for protocols whose clients expect
// that an idle connection may be closed at any time, as between two requests of HTTP. `kept`: for those that only wait,
// such as a WebSocket for the next message or a stream of events for the next event.
enum class IdlePlace { yielded, kept };

// What a handler can learn from, and tell, the server that called it: handler(socket, peer, serving). Of an HTTP
// handler it is Request::serving(). Valid until the handler returns.
class Serving {
public:
    // Whether serving ends: no more connections are accepted, and handlers should come to an end.
    virtual bool stopping() const noexcept = 0;

protected:
    enum class Activity : std::uint8_t { busy, waits, idle };  // `waits`: idle, but keeps its place

public:
    // While one lives, the connection has nothing under way, as between two requests, and its handler may be killed.
    // That happens when serving stops, at once, without waiting for the drain. If the place is yielded, it also happens
    // at the limit of StreamServerOptions::concurrency (not in a Pool), if a new client needs the place and no such
    // connection has been idle longer. The constructor throws GreenletExit if serving has stopped already. The
    // destructor restores what was said before, so that they may be nested: the innermost counts.
    //
    //     for (;;) {
    //         std::optional<Event> event;
    //         {
    //             const Serving::Idle idle(serving, IdlePlace::kept);
    //             event = events.get();
    //         }
    //         socket.send_all(event->text);  not idle: a stop waits for it
    //     }
    //
    // To be used in the handler's own green thread.
    class Idle {
    public:
        // Idle from here to the end of the block.
        explicit Idle(Serving& serving, IdlePlace place = IdlePlace::yielded)
            : serving_(serving),
              before_(serving_.set_activity(place == IdlePlace::kept ? Activity::waits : Activity::idle)) {}
        Idle(const Idle&) = delete;
        Idle& operator=(const Idle&) = delete;
        ~Idle() { serving_.restore_activity(before_); }

    private:
        Serving& serving_;
        const Activity before_;
    };

protected:
    ~Serving() = default;
    virtual Activity set_activity(Activity now) = 0;  // returns: the one before
    virtual void restore_activity(Activity before) noexcept = 0;
};

namespace detail {

using ConnectionHandler = std::function<void(TcpSocket&, const Address&, Serving&)>;
void serve(Listener& listener, ConnectionHandler handler, const StreamServerOptions& options);
// Returns the options, with a log and with the place of the call if they had none.
StreamServerOptions complete(StreamServerOptions options, const Site& at);
// Reports the exception that is being handled.
void report_connection(const StreamServerOptions& options, ErrorKind kind, const Address& peer);

// A listener that wraps each connection before the handler gets it: TLS.
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

// Requires: `listener` outlives the result.
template <class L, class H>
ConnectionHandler wrapping_handler(L& listener, H handler, const StreamServerOptions& options) {
    return [shared = std::make_shared<H>(std::move(handler)), &listener,
            options](TcpSocket& client, const Address& peer, Serving& serving) {
        const Deadline deadline(options.handshake_timeout);
        decltype(listener.wrap(std::move(client))) wrapped;
        try {
            if (!client.ready()) {
                const Serving::Idle idle(serving);  // a silent client may be dropped for another
                try {
                    client.await_data(deadline);
                } catch (const TimeoutError&) {  // the handshake is late too, and its own error says so
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

// Accepts connections until a handler throws StopServe, a stop is requested or the listener is closed; then waits for
// the handlers that still run, for `drain` at most, and kills the rest. StopServe leaves the listener open.
//
// Calls the handler as handler(socket), handler(socket, peer) or handler(socket, peer, serving), in a green thread of
// its own, and closes the socket when it returns. What it throws is reported or ends serving, as on_error says; if it
// threw because the client has gone, that is only counted (error_log.hpp).
//
// Out of descriptors or memory, it pauses accepting (for min_delay, doubling up to max_delay, or until a handler ends)
// and goes on. If descriptors are missing for 0.3 s or longer, it refuses waiting clients after each pause: it accepts
// them with a descriptor held in reserve, and resets them (64 at most). That is reported once.
//
// Yields. Throws: Interrupt; the handlers are killed and have ended before. std::system_error if the listener is
// broken; std::invalid_argument for options that contradict each other; what a handler threw, with OnHandlerError::end.
template <class H>
void serve(Listener& listener, H handler, const StreamServerOptions& options = {}, Site at = Site::here()) {
    detail::serve(listener, detail::plain_handler(std::move(handler)), detail::complete(options, at));
}

// The same for a listener that wraps its connections, such as a TlsListener: the handler gets the wrapped socket, whose
// handshake is done. A failed handshake is reported, and closes the connection.
template <class L, class H>
requires detail::WrappingListener<L>
void serve(L& listener, H handler, const StreamServerOptions& options = {}, Site at = Site::here()) {
    const StreamServerOptions whole = detail::complete(options, at);
    detail::serve(listener.listener(), detail::wrapping_handler(listener, std::move(handler), whole), whole);
}

// The same for a temporary, or a moved listener, which is closed at the end.
template <class L, class H>
requires(!std::is_lvalue_reference_v<L>) void serve(L&& listener, H handler, const StreamServerOptions& options = {},
                                                    Site at = Site::here()) {
    L owned = std::forward<L>(listener);
    serve(owned, std::move(handler), options, at);
}

}  // namespace tendril
