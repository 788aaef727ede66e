// SPDX-License-Identifier: MIT
// Floor: net
//
// Pipes: one-way streams between green threads, and to and from child processes (process.hpp), as plain blocking calls.
//
//     auto [reader, writer] = make_pipe();
//     writer.send_all("hello");
//     std::size_t n = reader.recv(buffer);
//
// stream.hpp says what holds for pipes as for sockets: when calls yield, what they throw, what a kill or timeout does.
// close() by another green thread wakes the waiter, which gets EBADF.
//
// Writing to a pipe without a reader fails with EPIPE, and raises no SIGPIPE, whatever the program does with that
// signal. Each end belongs to the OS thread that made it; calls on another one throw WrongThread. Example:
// examples/popen.cpp

#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/net/handle.hpp>
#include <tendril/fd.hpp>
#include <tendril/stream.hpp>

namespace tendril {

namespace detail {
struct PipeAccess;
}

// The end of a pipe that is read from.
class PipeReader final : public Source {
public:
    PipeReader() = default;  // closed

    // Takes over a pipe's reading end (or a terminal, a FIFO), and makes it non-blocking for every process that shares
    // it. Does not yield. Throws: std::system_error; the descriptor is then closed.
    explicit PipeReader(Fd fd);

    // The same for a descriptor that other processes use too, such as a terminal or standard input. Leaves their
    // non-blocking flag alone, since otherwise their reads would fail: opens a pipe or terminal a second time, with a
    // flag of its own. If that is impossible (a socket; no /proc; another user's terminal), each read first asks the
    // system whether it would wait; other processes must then not read at the same time, or a read holds up the hub.
    static PipeReader shared(Fd fd);

    // As stream.hpp describes them. The stream ends when the last writer has closed.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_parts(std::span<const Buffer> parts, Deadline deadline = never) override;

    // Closes this end; idempotent. A waiting reader gets EBADF. Once no reader is left, writers get EPIPE.
    void close() noexcept override { handle_.close(); }
    bool is_open() const noexcept override { return handle_.is_open(); }
    int fd() const noexcept { return handle_.fd(); }  // still the reader's; -1 when closed

    // For wait() and iwait(): ready when there is something to read, or the end. Consumes nothing.
    bool ready() const { return handle_.ready("a pipe"); }
    void observe(detail::Observer& observer) const { handle_.observe("a pipe", observer); }

private:
    friend struct detail::PipeAccess;
    detail::Handle handle_;
    bool shared_ = false;
};

// The end of a pipe that is written to.
class PipeWriter final : public Sink {
public:
    PipeWriter() = default;  // closed

    // Takes over a pipe's writing end, as PipeReader's constructor does its end.
    explicit PipeWriter(Fd fd);

    // As PipeReader::shared(). A descriptor that cannot be opened a second time gets 4096 bytes at a time; a terminal
    // that takes only some of them holds up the hub until it has taken all.
    static PipeWriter shared(Fd fd);

    // As stream.hpp describes them. Up to 4096 bytes are sent whole or not at all.
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;
    void send_parts(std::span<const Bytes> parts, Deadline deadline = never) override;

    // Closes this end; idempotent. A waiting writer gets EBADF. Once no writer is left, readers see the end.
    void close() noexcept override { handle_.close(); }
    bool is_open() const noexcept override { return handle_.is_open(); }
    int fd() const noexcept { return handle_.fd(); }  // still the writer's; -1 when closed

private:
    friend struct detail::PipeAccess;
    detail::Handle handle_;
    bool shared_ = false;
};

// Return the program's standard input or output, made by shared() of a copy of the descriptor: closing the result does
// not close the original. Throw: std::system_error.
PipeReader standard_input();
PipeWriter standard_output();

// Both ends of a pipe.
struct Pipe {
    PipeReader reader;  // reads what the other end has written
    PipeWriter writer;  // writes what the other end reads
};

// Makes a pipe; does not yield. Programs that this one starts do not inherit its ends.
// Throws: std::system_error (EMFILE: out of descriptors).
Pipe make_pipe();

}  // namespace tendril
