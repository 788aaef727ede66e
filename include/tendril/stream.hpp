// SPDX-License-Identifier: MIT
// Floor: net
//
// Source, Sink and Stream: what can be read, what can be written, and what can be both and has an other side. Sockets,
// TLS sockets, pipes and files are such, and readers, writers, servers and protocols take them as such: code that is
// written for a Stream does not care which one it got.
//
// Every call that takes a deadline yields. A call that must wait suspends its green thread only; it is tried first, so
// one with data at hand does not wait, and a deadline that has passed already does not prevent it. One green thread may
// read while another writes; a second reader (or writer) gets ConcurrentUse and the first is unharmed.
//
// Errors of the system and of the peer are std::system_error; the end of the stream is a value, not an error.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>

namespace tendril {

class File;
class TimeoutError;

class Source {
public:
    virtual ~Source() = default;

    // Waits for data. Returns: how many bytes came, at least 1; 0 at the end of the stream (or for an empty buffer).
    // Throws: TimeoutError, nothing was read; std::system_error; Interrupt, nothing was read.
    virtual std::size_t recv(Buffer buffer, Deadline deadline = never) = 0;

    // Waits until the buffer is full. Returns: its size; less only at the end of the stream.
    // Throws: TimeoutError, whose done() says how much was read and is in the buffer; std::system_error; Interrupt.
    virtual std::size_t recv_exactly(Buffer buffer, Deadline deadline = never);

    // Waits for data and fills the buffers with it in their order. Returns, throws: as recv().
    virtual std::size_t recv_parts(std::span<const Buffer> parts, Deadline deadline = never);

    // For a loop over recv() that asks its deadline itself, since data that keeps coming never lets recv() time out:
    // ends the loop as recv() would have. A request's body notes that its client was too slow; a Source that reads
    // another passes the call on to it. Throws: the error, always.
    [[noreturn]] virtual void time_out(const TimeoutError& error);

    virtual void close() noexcept = 0;  // idempotent; who waits on it gets EBADF
    virtual bool is_open() const noexcept = 0;

protected:
    Source() = default;
    Source(const Source&) = default;
    Source(Source&&) = default;
    Source& operator=(const Source&) = default;
    Source& operator=(Source&&) = default;
};

class Sink {
public:
    virtual ~Sink() = default;

    // Waits until some can be sent. Returns: how many bytes, at least 1 (0 for none). Throws: as recv(); nothing was
    // sent.
    virtual std::size_t send(Bytes bytes, Deadline deadline = never) = 0;

    // Sends everything, within one deadline for the whole.
    // Throws: TimeoutError, whose done() says how much was sent; std::system_error (EPIPE, ECONNRESET: the peer is
    // gone); Interrupt.
    virtual void send_all(Bytes bytes, Deadline deadline = never);

    // Sends everything of every part, in their order, as one; where the system can, in one call. Throws: as send_all().
    virtual void send_parts(std::span<const Bytes> parts, Deadline deadline = never);

    // Sends this part of a file, or what of it there is; sockets let the kernel copy it. Reading a cold file may hold
    // up the hub there. Returns: how many bytes. Throws: as send_all(); what reading the file throws.
    virtual std::uint64_t send_file(const File& file, std::uint64_t offset, std::uint64_t count,
                                    Deadline deadline = never);

    virtual void close() noexcept = 0;
    virtual bool is_open() const noexcept = 0;

protected:
    Sink() = default;
    Sink(const Sink&) = default;
    Sink(Sink&&) = default;
    Sink& operator=(const Sink&) = default;
    Sink& operator=(Sink&&) = default;
};

enum class Shutdown { read, write, both };

class Stream : public Source, public Sink {
public:
    // Waits until a recv() may find something: data, the end or an error. For who holds a buffer only while there is
    // something to put into it. Throws: as recv().
    virtual void await_data(Deadline deadline = never) = 0;

    // No more will be sent (the peer reads the end of the stream), or read. Over TLS the end is a record that must be
    // sent: waits for a peer that takes nothing. Throws: as send(): TimeoutError when the deadline comes first.
    virtual void shutdown(Shutdown how, Deadline deadline = never) = 0;

    virtual int fd() const noexcept = 0;  // the descriptor beneath, which is still the stream's; -1 when closed

    void close() noexcept override = 0;
    bool is_open() const noexcept override = 0;
};

// How long close_gently() listens to the peer, and to how much.
struct LingerLimits {
    Duration time = std::chrono::seconds(2);
    std::uint64_t bytes = std::uint64_t{64} * 1024 * 1024;
    std::uint64_t expected = 0;  // what the peer is still to send, as far as it has said; UINT64_MAX: nobody knows
};

// Closes a stream over a socket so that what was sent arrives. The kernel answers bytes that nobody has read with a
// reset, which takes away from the peer what it has not read yet. This shuts down sending and reads what the peer still
// sends, until the peer has closed, or what is expected of it has come, its system has acknowledged everything and
// nothing more comes, or a limit is reached. Closes at once when nothing is on its way or expected. For servers that
// answer without reading all of their input.
// Yields. Throws: Interrupt; the stream is closed then too. Errors of the peer only end the wait.
void close_gently(Stream& stream, const LingerLimits& limits = {});

}  // namespace tendril
