// SPDX-License-Identifier: MIT
//
// The try-first loops under every call of a socket, pipe or file.
//
// They hold a Descriptor, never a socket object: while they wait, the object may be moved, closed or destroyed. The
// caller supplies the system call: `call(fd, pointer, size)` returns the system's result, -errno for an error.

#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <system_error>

#include <tendril/address.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/error.hpp>

#include "base/sys.hpp"
#include "hub/descriptor.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"
#include "net/handle.hpp"
#include "net/io_timeout.hpp"

namespace tendril::detail {

[[noreturn]] inline void fail(ssize_t r, const std::string& what) {
    throw std::system_error(static_cast<int>(-r), std::generic_category(), what);
}

// Throws the error of a call on `d`. Notes in `d` if the peer is gone: a server asks afterwards who ended a handler.
[[noreturn]] inline void fail(Descriptor& d, ssize_t r, const std::string& what) {
    if (r == -ECONNRESET || r == -EPIPE || r == -ETIMEDOUT) {
        d.gone = d.generation;
    }
    fail(r, what);
}

[[noreturn]] void fail_wait(const Descriptor& d, Outcome outcome, const char* what, Progress progress);

// Suspends until `d` may be ready in this direction. Throws: TimeoutError, EBADF, Interrupt, ConcurrentUse.
inline void await(Descriptor& d, Direction direction, const char* what, Deadline deadline, Progress progress = 0) {
    const Outcome outcome = d.hub->descriptors.wait(d, direction, what, deadline);
    if (outcome == Outcome::timed_out || outcome == Outcome::closed) [[unlikely]] {
        fail_wait(d, outcome, what, progress);
    }
}

// Waits a little, longer each time. For an EAGAIN that no event will follow: from a Unix-domain listener with a full
// backlog, or a datagram receiver with a full queue. `what` is for dumps, `doing` for the TimeoutError: "connect to ".
void pause_before_retry(std::chrono::milliseconds& pause, Deadline deadline, const char* what, const char* doing,
                        const Address& to);

// Takes the reader's or writer's place in a descriptor, if it is free, for a call that yields before it waits. A second
// call is then refused, as if this one were waiting.
class Placed {
public:
    Placed(Waiter*& place, const char* what) : place_(place), waiter_(what) {
        if (place_ == nullptr) {
            place_ = &waiter_;
        }
    }
    Placed(const Placed&) = delete;
    Placed& operator=(const Placed&) = delete;
    ~Placed() {
        if (place_ == &waiter_) {  // else the descriptor was closed, or an earlier call has the place
            place_ = nullptr;
        }
    }
    Outcome outcome() const noexcept { return waiter_.outcome; }

private:
    Waiter*& place_;
    Waiter waiter_;  // not suspended: resolving it makes no green thread ready
};

// Yields during the call `what`, which keeps its place (d.reader or d.writer) meanwhile: a second call in that
// direction is refused. Throws: EBADF if `d` was closed meanwhile; Interrupt.
void yield_amid(Descriptor& d, Waiter*& place, const char* object, const char* what);

// Spends one switch of the hub's budget, and yields if none is left. Otherwise a call that never has to wait would
// never let others run.
inline void take_turn(Descriptor& d, Waiter*& place, const char* object, const char* what) {
    if (--d.hub->budget <= 0) [[unlikely]] {
        yield_amid(d, place, object, what);
    }
}

// Returns the descriptor behind a handle, for the call `what` that begins. Yields first if it is the others' turn, and
// checks that the descriptor is still open. A second reader is refused meanwhile. A second writer may send, since one
// that need not wait disturbs no other; it is refused where it would have to wait or yield. `object` names the handle
// in errors: "a socket".
// Throws: ConcurrentUse, EBADF, WrongThread, HubBlocked, Interrupt.
inline Descriptor& enter_call(const Handle& handle, const char* object, Direction direction, const char* what) {
    Descriptor& d = handle.use(object);
    d.hub->refuse_in_callback();
    if (--d.hub->budget <= 0) [[unlikely]] {
        Descriptors::refuse_second(d, direction);
        yield_amid(d, direction == Direction::read ? d.reader : d.next_writer, object, what);
    }
    return d;
}

// Notes a short read: it has emptied the stream, so the next read would only say EAGAIN.
inline void note_read(Descriptor& d, std::size_t asked, ssize_t got) noexcept {
    if (got > 0 && static_cast<std::size_t>(got) < asked && d.short_read_empties && !sys::may_cut_short()) {
        d.drained(Direction::read);
    }
}

// Called between two rounds of a call that goes on until all is done. If the peer keeps up, such a call never waits; so
// it checks its deadline and lets others run here. It keeps its direction meanwhile: a second call gets ConcurrentUse.
// So does this call, if it is a writer that came second and would get ahead of the first one by yielding.
// Throws: TimeoutError; EBADF if `d` was closed meanwhile; Interrupt.
inline void next_round(Descriptor& d, Direction direction, const char* what, Deadline deadline, Progress progress) {
    if (deadline.passed()) [[unlikely]] {
        time_out_round(d, what, progress);
    }
    if (--d.hub->budget <= 0) [[unlikely]] {
        if (direction == Direction::write) {
            Descriptors::refuse_before_first_writer(d);
        }
        yield_amid(d, d.place(direction), "a descriptor", what);
    }
}

// For a wait that was ended by an event after which the call said EAGAIN again. If the system keeps reporting an error
// that no call takes away (a datagram socket's error queue), waits a little, since the next wait would end at once.
// Throws: TimeoutError, EBADF, Interrupt.
void pause_if_stuck(Descriptor& d, Direction direction, const char* what, Deadline deadline, Progress progress);

// Repeats `call` until it returns anything but EAGAIN; waits in between.
// Returns: its result; -errno for an error.
template <class Call>
ssize_t when_ready(Descriptor& d, Direction direction, const char* what, Deadline deadline, Progress progress,
                   Call call) {
    Descriptors::refuse_second(d, direction);
    const bool& ready = direction == Direction::read ? d.readable : d.writable;
    for (unsigned waits = 0;; ++waits) {
        if (ready) {
            const ssize_t r = call(d.fd);
            if (r == -EINTR) {
                continue;
            }
            if (r != -EAGAIN) {
                return r;
            }
            if (direction == Direction::read) {
                d.emptied();
            } else {
                d.drained(direction);
            }
            if (waits > 1) [[unlikely]] {
                pause_if_stuck(d, direction, what, deadline, progress);
            }
        }
        await(d, direction, what, deadline, progress);
    }
}

// As Source::recv().
template <class Read>
std::size_t recv_some(Descriptor& d, Buffer buffer, Deadline deadline, Read read) {
    if (buffer.empty()) {
        return 0;
    }
    const ssize_t r = when_ready(d, Direction::read, "recv", deadline, 0,
                                 [&](int fd) { return read(fd, buffer.data(), buffer.size()); });
    if (r < 0) {
        fail(d, r, "recv");
    }
    note_read(d, buffer.size(), r);
    return static_cast<std::size_t>(r);
}

// As Source::recv_exactly().
template <class Read>
std::size_t recv_whole(Descriptor& d, Buffer buffer, Deadline deadline, Read read) {
    std::size_t done = 0;
    while (done < buffer.size()) {
        if (done > 0) {
            next_round(d, Direction::read, "recv_exactly", deadline, {done, buffer.size()});
        }
        const Buffer rest = buffer.after(done);
        const ssize_t r = when_ready(d, Direction::read, "recv_exactly", deadline, {done, buffer.size()},
                                     [&](int fd) { return read(fd, rest.data(), rest.size()); });
        if (r < 0) {
            fail(d, r, "recv_exactly");
        }
        if (r == 0) {
            break;
        }
        note_read(d, rest.size(), r);
        done += static_cast<std::size_t>(r);
    }
    return done;
}

// As Sink::send().
template <class Write>
std::size_t send_some(Descriptor& d, Bytes bytes, Deadline deadline, Write write) {
    if (bytes.empty()) {
        return 0;
    }
    const ssize_t r = when_ready(d, Direction::write, "send", deadline, 0,
                                 [&](int fd) { return write(fd, bytes.data(), bytes.size()); });
    if (r < 0) {
        fail(d, r, "send");
    }
    return static_cast<std::size_t>(r);
}

// As Sink::send_all().
template <class Write>
void send_whole(Descriptor& d, Bytes bytes, Deadline deadline, Write write) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        if (done > 0) {
            next_round(d, Direction::write, "send_all", deadline, {done, bytes.size()});
        }
        const Bytes rest = bytes.after(done);
        const ssize_t r = when_ready(d, Direction::write, "send_all", deadline, {done, bytes.size()},
                                     [&](int fd) { return write(fd, rest.data(), rest.size()); });
        if (r < 0) {
            fail(d, r, "send_all, after " + std::to_string(done) + " of " + std::to_string(bytes.size()) + " bytes");
        }
        done += static_cast<std::size_t>(r);
    }
}

// Parts in the form of readv() and writev(), as many as go into one call. Leaves out the first `skip` bytes.
template <class Part>
class IoVectors {
public:
    IoVectors(std::span<const Part> parts, std::size_t skip) {
        for (const Part& part : parts) {
            if (count_ == most) {
                break;
            }
            if (skip >= part.size()) {
                skip -= part.size();
                continue;
            }
            vectors_[count_++] = {const_cast<std::byte*>(part.data()) + skip, part.size() - skip};
            size_ += part.size() - skip;
            skip = 0;
        }
    }
    const iovec* data() const noexcept { return vectors_; }
    std::size_t count() const noexcept { return count_; }
    std::size_t size() const noexcept { return size_; }  // in bytes

private:
    static constexpr std::size_t most = 16;  // further parts go into another call
    iovec vectors_[most];
    std::size_t count_ = 0;
    std::size_t size_ = 0;
};

// As Source::recv_parts(). `read(fd, vectors, count)`.
template <class Read>
std::size_t recv_some_parts(Descriptor& d, std::span<const Buffer> parts, Deadline deadline, Read read) {
    const IoVectors vectors(parts, 0);
    if (vectors.count() == 0) {
        return 0;
    }
    const ssize_t r = when_ready(d, Direction::read, "recv_parts", deadline, 0,
                                 [&](int fd) { return read(fd, vectors.data(), vectors.count()); });
    if (r < 0) {
        fail(d, r, "recv_parts");
    }
    note_read(d, vectors.size(), r);
    return static_cast<std::size_t>(r);
}

// As Sink::send_parts().
template <class Write>
void send_whole_parts(Descriptor& d, std::span<const Bytes> parts, Deadline deadline, Write write) {
    std::size_t done = 0;
    for (std::size_t first = 0, skip = 0;;) {
        while (first < parts.size() && skip >= parts[first].size()) {
            skip -= parts[first++].size();
        }
        if (first == parts.size()) {
            return;
        }
        if (done > 0) {
            next_round(d, Direction::write, "send_parts", deadline, done);
        }
        const IoVectors vectors(parts.subspan(first), skip);
        const ssize_t r = when_ready(d, Direction::write, "send_parts", deadline, done,
                                     [&](int fd) { return write(fd, vectors.data(), vectors.count()); });
        if (r < 0) {
            fail(d, r, "send_parts, after " + std::to_string(done) + " bytes");
        }
        done += static_cast<std::size_t>(r);
        skip += static_cast<std::size_t>(r);
    }
}

// Tries once. Returns: nothing for EAGAIN.
template <class Place, class Call>
std::optional<std::size_t> try_transfer(Descriptor& d, Direction direction, const char* what, Place place, Call call) {
    Descriptors::refuse_second(d, direction);
    ssize_t r = 0;
    do {
        r = call(d.fd, place.data(), place.size());
    } while (r == -EINTR);
    if (r == -EAGAIN) {
        return std::nullopt;
    }
    if (r < 0) {
        fail(d, r, what);
    }
    return static_cast<std::size_t>(r);
}

}  // namespace tendril::detail
