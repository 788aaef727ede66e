// SPDX-License-Identifier: MIT
// Floor: net
//
// select, poll, Epoll and wait_readable: waiting for descriptors by their numbers, no matter which code opened them.
// For other libraries' sockets and pipes, and for programs written around select, poll or epoll. All of them suspend
// only the calling green thread.
//
//     wait_readable(PQsocket(connection), 5s);
//     auto [readable, writable, exceptional] = select(inputs, outputs, inputs, 1s);
//
// The hub must know when a number is closed that a green thread waits for or a watcher watches. Tendril's own sockets
// tell it; for other descriptors call closing(fd) first. The hub then ends those waits, and never asks the system about
// that number again, which may belong to another file by then.
//
// Any number of green threads and watchers may wait for the same descriptor, except by wait_readable and wait_writable:
// there only one may wait in each direction, as with recv and send. All calls concern the hub of the calling OS thread.
// Those that wait throw HubBlocked in a callback of the hub. Example: examples/select_echo.cpp

#pragma once

#include <poll.h>
#include <sys/epoll.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/fd.hpp>
#include <tendril/socket.hpp>

namespace tendril {

// Wait until a read (or a write) would not wait: there is data (or room), the end of the stream, or an error. They take
// nothing. They yield if they must wait, and now and then even if they need not.
// Throw: TimeoutError; std::system_error (EBADF) if the descriptor is not open or is closed meanwhile; ConcurrentUse if
// another green thread already waits in this direction; Interrupt.
void wait_readable(int fd, Deadline deadline = never);
void wait_writable(int fd, Deadline deadline = never);

// Tells this hub that the caller is about to close the number: its waiters get EBADF or POLLNVAL, an Io watcher gets
// `closed`. Does not yield. Harmless if nothing waits for it, and for tendril's own sockets, whose close() does more.
void closing(int fd) noexcept;

namespace detail {

template <class T>
concept HasNumber = std::integral<T> || requires(const T& thing) {
    { thing.fd() } -> std::convertible_to<int>;
} || requires(const T& pointer) {
    { pointer->fd() } -> std::convertible_to<int>;
} || std::same_as<T, Fd>;

template <HasNumber T>
int number_of(const T& thing) noexcept {
    if constexpr (std::integral<T>) {
        return std::in_range<int>(thing) ? static_cast<int>(thing) : -1;  // which is EBADF, and no other's number
    } else if constexpr (std::same_as<T, Fd>) {
        return thing.get();
    } else if constexpr (requires { thing.fd(); }) {
        return thing.fd();
    } else {
        return thing->fd();
    }
}

}  // namespace detail

// A descriptor in any form: a number, an object that has one (TcpSocket, Listener, Fd), or a pointer to such an object.
// Copies the number only; does not keep the descriptor open.
class AnyFd {
public:
    template <detail::HasNumber T>
    AnyFd(const T& thing) noexcept : fd_(detail::number_of(thing)) {}  // implicit on purpose
    int number() const noexcept { return fd_; }                        // negative when closed

private:
    int fd_;
};

// The descriptors of a range, or of a list in braces, which may mix their forms: {socket, listener, 5}. A view that
// must not outlive them: use it for the arguments of select() only.
class FdRange {
public:
    FdRange() noexcept : FdRange(std::initializer_list<AnyFd>()) {}
    // Of descriptors, sockets and the like, in braces.
    FdRange(std::initializer_list<AnyFd> fds) noexcept : at_(fds.begin()), size_(fds.size()), visit_(&visit_several) {}
    template <class R>
    requires std::ranges::input_range<const R> && detail::HasNumber<std::ranges::range_value_t<const R>>
    FdRange(const R& range)
    noexcept : at_(std::addressof(range)), visit_(&visit_range<R>) {}  // implicit on purpose

    // Calls the visitor with each number, in their order; for select() itself.
    class Visitor {
    public:
        virtual void operator()(int fd) = 0;  // gets one

    protected:
        ~Visitor() = default;
    };
    // Lets the visitor see each, for select() itself.
    void visit(Visitor& visitor) const { visit_(at_, size_, visitor); }

private:
    static void visit_several(const void* at, std::size_t size, Visitor& visitor) {
        for (const AnyFd& each : std::span(static_cast<const AnyFd*>(at), size)) {
            visitor(each.number());
        }
    }
    template <class R>
    static void visit_range(const void* at, std::size_t, Visitor& visitor) {
        for (const auto& each : *static_cast<const R*>(at)) {
            visitor(detail::number_of(each));
        }
    }

    const void* at_;
    std::size_t size_ = 0;
    void (*visit_)(const void*, std::size_t, Visitor&);
};

// What select() found: numbers, in the order in which they were given.
struct Selected {
    std::vector<int> readable;     // those that a read would not wait for
    std::vector<int> writable;     // those that a write would not wait for
    std::vector<int> exceptional;  // those that have urgent data
};

// Waits until at least one of the descriptors is readable, writable, or exceptional: has urgent data. One with an error
// or a hang-up counts as readable and writable; if it is only in the last set, as exceptional.
// Returns: the descriptors that are; three empty lists if the deadline comes first, as select(2) does.
// Yields as wait_readable() does.
// Throws: std::system_error (EBADF) if one of them is not open or is closed meanwhile; Interrupt.
// Cost: one system call if one is ready; otherwise two more, and two for each descriptor. For up to 16 descriptors it
// allocates nothing but the results.
Selected select(FdRange readers, FdRange writers, FdRange exceptional, Deadline deadline = never);

using PollFd = ::pollfd;  // fd, events, revents

// Waits until one of the descriptors has an event of its `events`, an error or a hang-up, and sets every `revents`; see
// poll(2) for the bits. Events other than POLLIN, POLLOUT and POLLPRI are reported, but need not end the wait by
// themselves. A descriptor that is not open, or is closed meanwhile, has POLLNVAL; one with a negative number is
// skipped.
// Returns: the number of descriptors with a `revents`; 0 if the deadline comes first.
// Yields and costs as select(). Throws: std::system_error; Interrupt.
std::size_t poll(std::span<PollFd> fds, Deadline deadline = never);

// What Epoll::wait() returns.
struct EpollEvent {
    std::uint32_t events = 0;  // EPOLLIN, ...
    std::uint64_t data = 0;    // as it was given to add()
};

// An epoll(7) descriptor that the program owns: level-triggered, unless an event asks for EPOLLET or EPOLLONESHOT. A
// closed descriptor leaves the set by itself, if it had no duplicates. Belongs to the hub that it was made in.
class Epoll {
public:
    Epoll();  // makes an empty set; throws std::system_error

    // Add a descriptor, change its events and data, or remove it. Never wait.
    // Throw: std::system_error (EEXIST: already added; ENOENT: not added; EBADF: closed; EPERM: a regular file).
    void add(AnyFd fd, std::uint32_t events, std::uint64_t data);
    void modify(AnyFd fd, std::uint32_t events, std::uint64_t data);
    void remove(AnyFd fd);

    // Waits for events. Several green threads may wait at once: each event goes to one of them.
    // Returns: at least one event and at most `most` (1024 at most); none if the deadline comes first.
    // Yields as wait_readable() does. Throws: std::system_error (EBADF: it is closed); Interrupt, which loses no event.
    std::vector<EpollEvent> wait(Deadline deadline = never, std::size_t most = 64);

    void close() noexcept { handle_.close(); }                   // idempotent; a waiter gets EBADF
    bool is_open() const noexcept { return handle_.is_open(); }  // whether it is open
    int fd() const noexcept { return handle_.fd(); }             // -1 when closed

private:
    void control(int operation, AnyFd fd, std::uint32_t events, std::uint64_t data, const char* what);
    detail::Handle handle_;
};

}  // namespace tendril
