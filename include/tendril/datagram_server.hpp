// SPDX-License-Identifier: MIT
// Floor: net
//
// DatagramServer: a green thread for each datagram that comes.
//
//     DatagramServer server(UdpSocket::bound("0.0.0.0:5353"), [](Bytes asked, const Address& from, DatagramServer& s) {
//         s.send_to(answer(asked), from);
//     });
//     server.serve_forever();
//
// It has the verbs of StreamServer. It belongs to the OS thread that made it. Example: examples/datagram_server.cpp

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

struct DatagramServerOptions {
    std::size_t concurrency = 1000;  // handlers at once; at the limit it receives nothing, and the kernel drops
    std::size_t stack_size = 0;      // of a handler's green thread; 0: 256 KiB
    std::shared_ptr<ErrorLog> error_log = {};  // nothing: the server has one of its own
    Site where = {};                           // the place that reports name for handlers; empty: that of the call
};

class DatagramServer {
public:
    using Handler = std::function<void(Bytes, const Address&, DatagramServer&)>;

    // The handler is called as handler(datagram, from) or handler(datagram, from, server) in a green thread of its own.
    // What it throws goes to the ErrorLog, and serving goes on; StopServe ends it.
    // Throws: std::invalid_argument for a concurrency of 0.
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
    ~DatagramServer();  // stops without a drain, under a Shield

    // Begins to receive, in a green thread of its own. Throws: std::logic_error when it has been stopped.
    void start();

    // Receives no more, lets handlers go on until the drain is over, kills those that are left, closes the socket.
    // Idempotent. Returns: how many were killed. Yields. Throws: Interrupt, when the handlers are killed and ended.
    std::size_t stop(Duration drain = std::chrono::seconds(1));

    // Starts, and waits until it has been stopped, by another green thread or by StopServe.
    // Throws: std::system_error, when the socket is broken; Interrupt: it is stopped without a drain first.
    void serve_forever();

    // Sends from the server's socket. Several may do so at the same time: first come, first served, where one has to
    // wait. Throws: as UdpSocket::send_to(); TimeoutError also for its turn.
    void send_to(Bytes bytes, const Address& to, Deadline deadline = never);

    Address address() const;
    bool is_running() const noexcept;
    std::size_t running() const noexcept;  // handlers
    const ErrorLog& error_log() const noexcept;

private:
    class Core;
    void make_core(UdpSocket socket, Handler handler, const DatagramServerOptions& options);
    std::shared_ptr<Core> core_;
};

}  // namespace tendril
