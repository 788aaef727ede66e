// SPDX-License-Identifier: MIT
//
// Backend: what tells the hub of ready descriptors, and how the hub sleeps. For whoever ports it:
//
// 1. arm() asks for events of a descriptor; those that are present already are reported too. An event may be reported
//    for nothing (the hub's users try again), none that is armed may be lost.
// 2. A persistent backend reports each change towards readiness, of all kinds, from the first arm() to the disarm().
//    Any other reports a kind once: it is not armed any more then, and the kinds that were not reported still are,
//    until a hangup ends all.
// 3. Tokens are the hub's; a backend hands back the one it was given. A batch may name one that was disarmed after the
//    batch was taken: the hub knows stale ones.
// 4. The hub disarms what it armed before the number is closed, and a disarm() leaves nothing behind: no reference to
//    what is open, no event when a duplicate of the descriptor lives on.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace tendril::detail {

// A set of what may come of a descriptor.
using Events = std::uint8_t;
namespace events {
inline constexpr Events none = 0;
inline constexpr Events read = 1;
inline constexpr Events write = 2;
inline constexpr Events priority = 4;  // urgent data, as POLLPRI
inline constexpr Events hangup = 8;    // the peer closed, or an error; comes with read and write. Need not be armed
inline constexpr Events invalid = 16;  // the number was closed under the hub. Need not be armed
}  // namespace events

struct BackendEvent {
    std::uint64_t token;
    Events what;
};

class Backend {
public:
    explicit Backend(bool persistent) noexcept : persistent_(persistent) {}
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend() = default;

    virtual const char* name() const noexcept = 0;
    bool persistent() const noexcept { return persistent_; }

    // Adds `what` (read, write, priority) to what is armed of fd. `again`: it was armed before with this token, and not
    // disarmed since; what is present is reported again.
    // Returns: 0 or -errno: -EINVAL for a number that select cannot take; -ENOENT when `again`, and the number was
    // closed since. A regular file is always ready, a closed number never: -EPERM and -EBADF say so, or else the events
    // of the next wait() do.
    virtual int arm(int fd, std::uint64_t token, Events what, bool again) noexcept = 0;

    // Also of a number of which nothing is armed any more.
    virtual void disarm(int fd, std::uint64_t token) noexcept = 0;

    // Sleeps until there are events or wake() is called, at most timeout_ns (< 0: without end).
    // Returns: the events, valid until the next call; none also for no reason.
    // Throws: std::system_error when the backend is broken.
    virtual std::span<const BackendEvent> wait(std::int64_t timeout_ns) = 0;

    // Ends a wait() that goes on or comes next. From any OS thread.
    virtual void wake() noexcept = 0;

private:
    const bool persistent_;
};

// "io_uring" where the kernel refuses it: says so on standard error, and is epoll.
// Throws: std::system_error when the system refuses, std::invalid_argument for an unknown name, listing those there
// are.
std::unique_ptr<Backend> make_backend(std::string_view name);
void require_backend(std::string_view name);    // throws std::invalid_argument as make_backend()
std::vector<std::string_view> backend_names();  // the default first

// What to throw when arm() refused: names the number, and says what to do where something can be done.
std::system_error cannot_watch(const Backend& backend, int fd, int error);

std::unique_ptr<Backend> make_epoll_backend();
std::unique_ptr<Backend> make_uring_backend();  // where the build found liburing
std::unique_ptr<Backend> make_poll_backend();
std::unique_ptr<Backend> make_select_backend();

}  // namespace tendril::detail
