// SPDX-License-Identifier: MIT
// Floor: net
//
// DatagramServer: handles each arriving datagram in a green thread of its own.
//
//     DatagramServer server(UdpSocket::bound("0.0.0.0:5353"), [](Bytes asked, const Address& from, DatagramServer& s) {
//         s.send_to(answer(asked), from);
//     });
//     server.serve_forever();
//
// It has the same verbs as StreamServer. It belongs to the OS thread that made it. Example:
// examples/datagram_server.cpp

#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <tendril/address.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/duration.hpp>
#include <tendril/error_log.hpp>
#include <tendril/site.hpp>
#include <tendril/udp_socket.hpp>

namespace tendril {

class Pool;

// Options of a DatagramServer.
struct DatagramServerOptions {
    // Handlers that run at once. At the limit the server receives nothing, and the kernel drops what its queue cannot
    // hold.
    std::size_t concurrency = 1000;

    // Makes handlers members of this Pool, next to what else is spawned in it; `concurrency` then has no effect. The
    // server takes a slot when a datagram waits, and stands in line for it with all other spawners while the Pool is
    // full. Killing the Pool's members ends handlers, but not serving. The Pool must outlive the server.
    Pool* pool = nullptr;

    // The pause in receiving after an error that passes, such as missing memory: the first one, and, as it doubles each
    // time, the longest.
    Duration min_delay = std::chrono::milliseconds(10);
    Duration max_delay = std::chrono::seconds(1);

    std::size_t stack_size = 0;                // of a handler's green thread, in bytes; 0: 256 KiB
    std::shared_ptr<ErrorLog> error_log = {};  // nullptr: the server has one of its own
    Site where = {};                           // the place that reports name for handlers; empty: that of the call
};

class DatagramServer {
public:
    // Gets a datagram, its sender, and the server to answer by.
    using Handler = std::function<void(Bytes, const Address&, DatagramServer&)>;

    // Takes over the socket. Receives nothing before start(). Calls the handler as handler(datagram, from) or
    // handler(datagram, from, server), in a green thread of its own; the bytes live until the handler returns. What a
    // handler throws goes to the ErrorLog, and serving goes on; StopServe ends it.
    // Throws: std::invalid_argument for a concurrency of 0, or a min_delay that is 0 or above max_delay; WrongThread
    // for the Pool of another hub.
    template <class H>
    DatagramServer(UdpSocket socket, H handler, DatagramServerOptions options = {}, Site at = Site::here()) {
        options.where = *options.where.file == 0 ? at : options.where;
        if constexpr (std::is_invocable_v<H&, Bytes, const Address&, DatagramServer&>) {
            make_core(std::move(socket), Handler(std::move(handler)), options);
        } else {
            static_assert(std::is_invocable_v<H&, Bytes, const Address&>,
                          "a handler takes (Bytes, const Address&), and perhaps DatagramServer&");
            make_core(
                std::move(socket),
                [h = std::move(handler)](Bytes bytes, const Address& from, DatagramServer&) mutable { h(bytes, from); },
                options);
        }
    }
    DatagramServer(const DatagramServer&) = delete;
    DatagramServer& operator=(const DatagramServer&) = delete;

    // Stops without a drain, under a Shield: kills the handlers and waits for their end.
    ~DatagramServer();

    // Begins to receive, in a green thread of its own. Does not wait; does nothing if it has been started already.
    // Throws: std::logic_error if the server has been stopped.
    void start();

    // Receives no more, lets handlers go on for `drain` at most, kills those that are left, and closes the socket.
    // Idempotent. Yields.
    // Returns: how many handlers were killed.
    // Throws: Interrupt; before it passes on, all handlers have been killed and have ended, and the socket is closed.
    std::size_t stop(Duration drain = std::chrono::seconds(1));

    // Starts, and waits until another green thread stops the server or a handler throws StopServe; handlers then have
    // one second.
    // Throws: std::system_error if the socket is broken; Interrupt; either way the server first stops without a drain.
    void serve_forever();

    // Sends a datagram from the server's socket. Several green threads may call it at the same time; if one must wait,
    // the others wait behind it, first come, first served.
    // Throws: as UdpSocket::send_to(); TimeoutError also if the deadline passes before its turn.
    void send_to(Bytes bytes, const Address& to, Deadline deadline = never);

    Address address() const;                     // with the port that the system chose; throws EBADF once closed
    bool is_running() const noexcept;            // started, and not stopped
    std::size_t running() const noexcept;        // handlers that have not ended
    const ErrorLog& error_log() const noexcept;  // the one of the options, or the server's own

private:
    class Core;
    void make_core(UdpSocket socket, Handler handler, const DatagramServerOptions& options);
    std::shared_ptr<Core> core_;
};

}  // namespace tendril
