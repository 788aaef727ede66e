// SPDX-License-Identifier: MIT
//
// Pipes, one way, as plain blocking calls: between green threads, and to and from child processes (process.hpp).
//
// As with sockets a call that must wait suspends its green thread only, and is tried first. One green thread may read
// and one write; a second reader (or writer) gets ConcurrentUse and the first is unharmed. close() from another green
// thread wakes who waits, with EBADF. Every call here that takes a deadline yields.
//
// Writing where nobody reads any more is an error (EPIPE), and sends no SIGPIPE, whatever the program does with that
// signal. Each end belongs to the OS thread that made it, as a socket does. Example: examples/popen.cpp

#pragma once

#include <cstddef>
#include <utility>

#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/fd.hpp>
#include <tendril/socket.hpp>

namespace tendril {

namespace detail {
struct PipeAccess;
}

class PipeReader {
public:
    PipeReader() = default;  // closed

    // Takes over a pipe's reading end (or a terminal, a FIFO), and makes it non-blocking, for all who share it.
    // Throws: std::system_error, WrongThread; the descriptor is closed then.
    explicit PipeReader(Fd fd);

    // Waits for data. Returns: how many bytes came, at least 1; 0 at the end: nobody can write any more (or for an
    // empty buffer). Throws: TimeoutError, nothing was read; std::system_error; Interrupt, nothing was read.
    std::size_t recv(Buffer buffer, Deadline deadline = never);

    // Waits until the buffer is full. Returns: its size; less only at the end.
    // Throws: TimeoutError, whose done() says how much was read and is in the buffer; std::system_error; Interrupt.
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never);

    void close() noexcept { handle_.close(); }  // idempotent
    bool is_open() const noexcept { return handle_.is_open(); }
    int fd() const noexcept { return handle_.fd(); }  // still the reader's; -1 when closed

private:
    friend struct detail::PipeAccess;
    detail::Handle handle_;
};

class PipeWriter {
public:
    PipeWriter() = default;  // closed

    // Takes over a pipe's writing end. As PipeReader's.
    explicit PipeWriter(Fd fd);

    // Waits until some can be written. Returns: how many bytes, at least 1 (0 for none). Up to 4096 bytes go whole.
    // Throws: TimeoutError; std::system_error (EPIPE: nobody reads any more); Interrupt; nothing was written.
    std::size_t send(Bytes bytes, Deadline deadline = never);

    // Writes everything, within one deadline for the whole.
    // Throws: TimeoutError, whose done() says how much was written; std::system_error; Interrupt.
    void send_all(Bytes bytes, Deadline deadline = never);

    void close() noexcept { handle_.close(); }  // the reader sees the end
    bool is_open() const noexcept { return handle_.is_open(); }
    int fd() const noexcept { return handle_.fd(); }

private:
    friend struct detail::PipeAccess;
    detail::Handle handle_;
};

struct Pipe {
    PipeReader reader;
    PipeWriter writer;
};

// auto [reader, writer] = make_pipe();  Neither end is inherited by programs that are started.
// Throws: std::system_error (EMFILE: out of descriptors).
Pipe make_pipe();

}  // namespace tendril
