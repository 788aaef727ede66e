// SPDX-License-Identifier: MIT
// Floor: net
//
// Pipes, one way, as plain blocking calls: between green threads, and to and from child processes (process.hpp).
//
// stream.hpp says what holds for them as for sockets. close() from another green thread wakes who waits, with EBADF.
//
// Writing where nobody reads any more is an error (EPIPE), and sends no SIGPIPE, whatever the program does with that
// signal. Each end belongs to the OS thread that made it, as a socket does. Example: examples/popen.cpp

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

class PipeReader final : public Source {
public:
    PipeReader() = default;  // closed

    // Takes over a pipe's reading end (or a terminal, a FIFO), and makes it non-blocking, for all who share it.
    // Throws: std::system_error, WrongThread; the descriptor is closed then.
    explicit PipeReader(Fd fd);

    // The same for a descriptor that other processes use too, a terminal or standard input: their flag is left alone,
    // or their reads would fail. A pipe or terminal is opened once more, with a flag of its own. Where that cannot be
    // (a socket; no /proc; somebody else's terminal) the system is asked before each read whether it would wait: who
    // shares it must not read at the same time.
    static PipeReader shared(Fd fd);

    // As stream.hpp describes them. The end: nobody can write any more.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_parts(std::span<const Buffer> parts, Deadline deadline = never) override;

    void close() noexcept override { handle_.close(); }
    bool is_open() const noexcept override { return handle_.is_open(); }
    int fd() const noexcept { return handle_.fd(); }  // still the reader's; -1 when closed

    // For wait() and iwait(), which see that there is something to read, the end included, and take nothing.
    bool ready() const { return handle_.ready("a pipe"); }
    void observe(detail::Observer& observer) const { handle_.observe("a pipe", observer); }

private:
    friend struct detail::PipeAccess;
    detail::Handle handle_;
    bool shared_ = false;
};

class PipeWriter final : public Sink {
public:
    PipeWriter() = default;  // closed

    // Takes over a pipe's writing end. As PipeReader's.
    explicit PipeWriter(Fd fd);

    // As PipeReader's. What cannot be opened once more gets 4096 bytes at a time, and a terminal that takes only some
    // of them holds up the hub until it has taken all.
    static PipeWriter shared(Fd fd);

    // As stream.hpp describes them. Up to 4096 bytes go whole.
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;
    void send_parts(std::span<const Bytes> parts, Deadline deadline = never) override;

    void close() noexcept override { handle_.close(); }  // the reader sees the end
    bool is_open() const noexcept override { return handle_.is_open(); }
    int fd() const noexcept { return handle_.fd(); }

private:
    friend struct detail::PipeAccess;
    detail::Handle handle_;
    bool shared_ = false;
};

// The program's, shared with whoever started it: copies, whose end closes nothing else. Throws: std::system_error.
PipeReader standard_input();
PipeWriter standard_output();

struct Pipe {
    PipeReader reader;
    PipeWriter writer;
};

// auto [reader, writer] = make_pipe();  Neither end is inherited by programs that are started.
// Throws: std::system_error (EMFILE: out of descriptors).
Pipe make_pipe();

}  // namespace tendril
