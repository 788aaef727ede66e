// SPDX-License-Identifier: MIT
// Floor: net
//
// Source, Sink and Stream: the interfaces of what can be read, what can be written, and what can do both and has a
// peer. Sockets, TLS sockets, pipes and files implement them; readers, writers, servers and protocols take them. So
// code that is written for a Stream works over all of these.
//
// Every call that takes a deadline may yield. It first tries the system's call, even if the deadline has passed
// already, and waits only if that would block; waiting suspends the calling green thread only. A call that need not
// wait still lets other green threads run now and then.
//
// A timeout throws TimeoutError. A kill or a Timeout throws an Interrupt out of the wait that it ends. After either the
// stream is still usable; each call says what it has transferred by then. Errors of the system and of the peer are
// std::system_error; on a closed stream, or one that is closed meanwhile, the error is EBADF. The end of the stream is
// a value, not an error.
//
// One green thread may read while another writes. A second reader (or writer) gets ConcurrentUse, and the first is
// unharmed. In a callback of the hub these calls throw HubBlocked.

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

// Bytes to be read, in their order, once.
class Source {
public:
    virtual ~Source() = default;

    // Waits for data, and puts as much of it into the buffer as has arrived.
    // Returns: the number of bytes, at least 1; 0 at the end of the stream (or for an empty buffer).
    // Throws: TimeoutError; std::system_error; Interrupt; then nothing was read.
    virtual std::size_t recv(Buffer buffer, Deadline deadline = never) = 0;

    // Waits until the buffer is full. Returns: its size; less only at the end of the stream.
    // Throws: TimeoutError, whose done() says how many bytes were read and are in the buffer; std::system_error;
    // Interrupt; after these two some bytes may have been read, and nothing says how many.
    virtual std::size_t recv_exactly(Buffer buffer, Deadline deadline = never);

    // As recv(), with several buffers, which are filled in their order. It may leave the last ones empty.
    virtual std::size_t recv_parts(std::span<const Buffer> parts, Deadline deadline = never);

    // For loops over recv() that check their deadline themselves, since data that keeps coming never lets recv() time
    // out: ends the loop as recv() would. A request's body notes that its client was too slow; a Source that reads
    // another one passes the call on to it. Throws: the error, always.
    [[noreturn]] virtual void time_out(const TimeoutError& error);

    // Closes it, without waiting; idempotent. A waiter gets EBADF.
    virtual void close() noexcept = 0;
    virtual bool is_open() const noexcept = 0;

protected:
    Source() = default;
    Source(const Source&) = default;
    Source(Source&&) = default;
    Source& operator=(const Source&) = default;
    Source& operator=(Source&&) = default;
};

// A place to write bytes to. "Sent" means taken by the system, not received by the peer.
class Sink {
public:
    virtual ~Sink() = default;

    // Waits until some of the bytes can be sent.
    // Returns: the number of bytes sent, at least 1 (0 only if there were none to send).
    // Throws: TimeoutError; std::system_error (EPIPE, ECONNRESET: the peer is gone); Interrupt; then nothing was sent.
    virtual std::size_t send(Bytes bytes, Deadline deadline = never) = 0;

    // Sends everything, within one deadline for the whole.
    // Throws: as send(); TimeoutError's done() says how many bytes were sent. After the other exceptions some may have
    // been sent, and nothing but the text of an error says how many.
    virtual void send_all(Bytes bytes, Deadline deadline = never);

    // Sends all parts in their order, as if they were one; in one system call if possible. Throws: as send_all().
    virtual void send_parts(std::span<const Bytes> parts, Deadline deadline = never);

    // Sends `count` bytes of a file from `offset` on, fewer only if the file ends before. Sockets let the kernel copy
    // them; it may hold up the hub while it reads from the disk what is not in its cache.
    // Returns: the number of bytes. Throws: as send_all(); what reading the file throws.
    virtual std::uint64_t send_file(const File& file, std::uint64_t offset, std::uint64_t count,
                                    Deadline deadline = never);

    // Closes it, without waiting; idempotent. A waiter gets EBADF.
    virtual void close() noexcept = 0;
    virtual bool is_open() const noexcept = 0;

protected:
    Sink() = default;
    Sink(const Sink&) = default;
    Sink(Sink&&) = default;
    Sink& operator=(const Sink&) = default;
    Sink& operator=(Sink&&) = default;
};

enum class Shutdown { read, write, both };  // the directions that shutdown() ends

// A connection: a Source and a Sink in one, with a peer at the other end.
class Stream : public Source, public Sink {
public:
    // Waits until recv() would probably not wait: there is data, the end or an error. Takes nothing. Lets callers
    // allocate a buffer only when there is data for it. Throws: as recv().
    virtual void await_data(Deadline deadline = never) = 0;

    // Ends sending (the peer then reads the end of the stream), receiving, or both. Never waits on a plain socket. Over
    // TLS the end is a record that must be sent, so this waits while the peer takes nothing. Throws: as send().
    virtual void shutdown(Shutdown how, Deadline deadline = never) = 0;

    virtual int fd() const noexcept = 0;  // the descriptor underneath, still the stream's; -1 when closed

    void close() noexcept override = 0;
    bool is_open() const noexcept override = 0;
};

// How much close_gently() still reads from the peer, and for how long.
struct LingerLimits {
    Duration time = std::chrono::seconds(2);                // at most
    std::uint64_t bytes = std::uint64_t{64} * 1024 * 1024;  // at most
    std::uint64_t expected = 0;  // bytes that the peer has announced and not sent yet; UINT64_MAX: unknown
};

// Closes a stream over a socket so that sent data arrives. For servers that answer without reading all of their input:
// if a socket is closed with unread input, the kernel resets the connection, and the peer loses the data that it has
// not read yet.
//
// So this ends sending, and reads and drops what the peer still sends, until the peer closes; or until everything
// expected has arrived, the peer's system has acknowledged everything, and 0.1 s pass without more; or until a limit is
// reached. If nothing is unread, unacknowledged or expected, it closes at once.
// Yields. Throws: Interrupt; the stream is closed in this case too. Errors of the peer only end the wait.
void close_gently(Stream& stream, const LingerLimits& limits = {});

}  // namespace tendril
