// SPDX-License-Identifier: MIT
// Floor: net
//
// Duplex: a terminal, serial line, FIFO or other device that one descriptor reads from and writes to, as a Stream.
//
//     Duplex modem = open_duplex("/dev/ttyUSB0");
//     modem.send_all("AT\r", 1s);
//     BufferedReader lines(modem);
//
// stream.hpp says what holds: when calls yield, what they throw, what a kill or timeout does. close() by another green
// thread wakes the waiters, which get EBADF. It belongs to the OS thread that made it; calls on another one throw
// WrongThread. For one direction only, and for terminals that other processes use too: pipe.hpp.
//
// A terminal in its usual mode gives whole lines: tcsetattr(3) with fd() changes that, and the speed of a serial line.
// A read from the master of a pseudo-terminal fails with EIO when no process has the other side open. A FIFO that is
// open in both directions has no end, and what is written to it may be read back here (fifo(7)).

#pragma once

#include <span>
#include <string>

#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/net/handle.hpp>
#include <tendril/fd.hpp>
#include <tendril/stream.hpp>

namespace tendril {

class Duplex final : public Stream {
public:
    Duplex() = default;  // closed

    // Takes over a descriptor that was opened for reading and writing, and makes it non-blocking for every process that
    // shares it. Does not yield.
    // Throws: std::system_error (EBADF: closed, or open in one direction; EPROTOTYPE: a socket, which TcpSocket takes,
    // or a regular file or folder, which are never waited for: see file.hpp); the descriptor is then closed.
    explicit Duplex(Fd fd);

    // As stream.hpp describes them.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_parts(std::span<const Buffer> parts, Deadline deadline = never) override;
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;
    void await_data(Deadline deadline = never) override;

    // A single descriptor has no direction that could be ended by itself. Throws: std::system_error (EOPNOTSUPP).
    void shutdown(Shutdown how, Deadline deadline = never) override;

    void close() noexcept override { handle_.close(); }  // idempotent
    bool is_open() const noexcept override { return handle_.is_open(); }
    int fd() const noexcept override { return handle_.fd(); }  // still the Duplex's; -1 when closed

    // Hands the descriptor to the caller, still non-blocking; this is then closed. A waiter gets EBADF.
    [[nodiscard]] Fd release();

    // For wait() and iwait(): ready when there is something to read, or an error. Consumes nothing.
    bool ready() const { return handle_.ready("a duplex device"); }
    void observe(detail::Observer& observer) const { handle_.observe("a duplex device", observer); }

private:
    detail::Handle handle_;
};

// Opens a device or FIFO by its name, for both directions; it does not become the process's controlling terminal.
// Neither waits for a FIFO's other side, nor for a serial line's carrier. Does not yield.
// Throws: std::system_error that names the path; as Duplex's constructor.
Duplex open_duplex(const std::string& path);

}  // namespace tendril
