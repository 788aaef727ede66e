// SPDX-License-Identifier: MIT
// Floor: net
//
// select: waiting for descriptors by their numbers, whoever opened them: for other libraries' sockets and pipes, and
// for programs that were written around select, poll or epoll. All of them suspend the calling green thread only.
//
//     wait_readable(PQsocket(connection), 5s);
//     auto [readable, writable, exceptional] = select(inputs, outputs, inputs, 1s);
//
// The hub must know when a number is closed that somebody waits for or watches: sockets of tendril tell it by
// themselves, for others call closing(fd) before. Whoever waits is told then, and never asks the system about that
// number again, which may be somebody else's by then. Green threads and watchers may look at the same descriptor in any
// number, but for wait_readable and wait_writable: one waits in each direction, as in recv and send.
// Everything is for the hub of the calling OS thread. Example: examples/select_echo.cpp

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

// Waits until a read (a write) would not wait: there is data or room, the end of the stream, or an error.
// Yields, now and then also when it is so already. Throws: TimeoutError; std::system_error, EBADF: it is not open, or
// was closed meanwhile; ConcurrentUse when another green thread waits in this direction; Interrupt.
void wait_readable(int fd, Deadline deadline = never);
void wait_writable(int fd, Deadline deadline = never);

// The number is about to be closed, by you: who waits for it in this hub gets EBADF or POLLNVAL, an Io watcher
// `closed`. Does not yield. Harmless when nobody does, and for sockets of tendril, whose close() does more.
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

// Somebody's descriptor: a number, what has one (TcpSocket, Listener, Fd), or a pointer to that.
class AnyFd {
public:
    template <detail::HasNumber T>
    AnyFd(const T& thing) noexcept : fd_(detail::number_of(thing)) {}  // implicit on purpose
    int number() const noexcept { return fd_; }                        // negative when closed

private:
    int fd_;
};

// A view of the descriptors in a range, or, in braces, of several kinds. It must not outlive them: for the arguments of
// select() only.
class FdRange {
public:
    FdRange() noexcept : FdRange(std::initializer_list<AnyFd>()) {}
    FdRange(std::initializer_list<AnyFd> fds) noexcept : at_(fds.begin()), size_(fds.size()), visit_(&visit_several) {}
    template <class R>
    requires std::ranges::input_range<const R> && detail::HasNumber<std::ranges::range_value_t<const R>>
    FdRange(const R& range)
    noexcept : at_(std::addressof(range)), visit_(&visit_range<R>) {}  // implicit on purpose

    class Visitor {
    public:
        virtual void operator()(int fd) = 0;

    protected:
        ~Visitor() = default;
    };
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

// Numbers, in the order in which they were given.
struct Selected {
    std::vector<int> readable;
    std::vector<int> writable;
    std::vector<int> exceptional;
};

// Waits until at least one of them is readable, writable, or exceptional: has urgent data. An error or a hang-up makes
// readable and writable; a descriptor that is only in the last set is exceptional then.
// Returns: those that are; three empty ones when the deadline came first, as select(2) does.
// Yields, as wait_readable(). Throws: std::system_error, EBADF: one of them is closed, or was closed
// meanwhile; Interrupt. Cost: one system call when one is ready; otherwise two more, and two for each descriptor. No
// allocation besides the results for up to 16 descriptors.
Selected select(FdRange readers, FdRange writers, FdRange exceptional, Deadline deadline = never);

using PollFd = ::pollfd;  // fd, events, revents

// Waits until one of them has what its `events` ask for, an error or a hang-up; see poll(2) for the bits. Others than
// POLLIN, POLLOUT and POLLPRI are reported, but need not end the wait by themselves.
// Returns: how many have, as their `revents` say; 0 when the deadline came first. One that is closed, or was closed
// meanwhile, has POLLNVAL; one with a negative number is passed over. Yields, throws and costs as select().
std::size_t poll(std::span<PollFd> fds, Deadline deadline = never);

struct EpollEvent {
    std::uint32_t events = 0;  // EPOLLIN, ...
    std::uint64_t data = 0;    // as it was given to add()
};

// An epoll(7) descriptor of one's own: level-triggered, or by EPOLLET and EPOLLONESHOT not. A number that is closed
// leaves it by itself, if it was not duplicated.
class Epoll {
public:
    Epoll();  // throws std::system_error

    // Throws: std::system_error: EEXIST, ENOENT (not added), EBADF, EPERM (a regular file).
    void add(AnyFd fd, std::uint32_t events, std::uint64_t data);
    void modify(AnyFd fd, std::uint32_t events, std::uint64_t data);
    void remove(AnyFd fd);

    // Waits for events; several green threads may, and each event goes to one of them.
    // Returns: at most `most` of them; none when the deadline came first.
    // Yields, as wait_readable(). Throws: std::system_error, EBADF: it was closed; Interrupt, no event is lost.
    std::vector<EpollEvent> wait(Deadline deadline = never, std::size_t most = 64);

    void close() noexcept { handle_.close(); }  // idempotent; who waits gets EBADF
    bool is_open() const noexcept { return handle_.is_open(); }
    int fd() const noexcept { return handle_.fd(); }  // -1 when closed

private:
    void control(int operation, AnyFd fd, std::uint32_t events, std::uint64_t data, const char* what);
    detail::Handle handle_;
};

}  // namespace tendril
