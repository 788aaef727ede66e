// SPDX-License-Identifier: MIT
//
// Backend: reports ready descriptors to the hub, and puts the hub to sleep. What a new backend must do:
//
// 1. arm() asks for events of a descriptor; events that are already present are reported too. A spurious report is
//    allowed (the hub's users try again), the loss of an armed event is not.
// 2. A persistent backend reports each change towards readiness, of all kinds, from the first arm() to the disarm().
//    Any other backend reports a kind once: reporting disarms that kind, the kinds that were not reported stay armed,
//    and a hangup disarms all.
// 3. Tokens are the hub's; a backend hands back the token it was given. A batch may contain one that was disarmed after
//    the batch was taken: the hub recognises stale tokens.
// 4. The hub disarms a descriptor before its number is closed, and disarm() leaves nothing behind: no reference to the
//    open file, and no event even if a duplicate of the descriptor lives on.

#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace tendril::detail {

// A set of events of a descriptor.
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

    // Adds `what` (read, write, priority) to the events armed for fd. `again`: it is already armed with this token;
    // what is present is reported again.
    // Returns: 0 or -errno: -EINVAL for a number that select cannot take; -ENOENT if `again` is set and the number was
    // closed since. A regular file is always ready, and a closed number never: arm() returns -EPERM or -EBADF for them,
    // or else the next wait() reports them.
    virtual int arm(int fd, std::uint64_t token, Events what, bool again) noexcept = 0;

    // Disarms fd; harmless if nothing is armed for it.
    virtual void disarm(int fd, std::uint64_t token) noexcept = 0;

    // Sleeps until there are events, wake() is called or timeout_ns has passed (< 0: without limit).
    // Returns: the events, valid until the next call; may return none early, for no reason.
    // Throws: std::system_error when the backend is broken.
    virtual std::span<const BackendEvent> wait(std::int64_t timeout_ns) = 0;

    // Wakes the current wait(), or the next one if none is in progress. May be called from any OS thread.
    virtual void wake() noexcept = 0;

    // Returns: a descriptor that is readable while wait() would return events or was woken; -ENOTSUP: this backend has
    // none; or another -errno.
    virtual int descriptor() noexcept { return -ENOTSUP; }
    // Hands over to the kernel what arm() and disarm() have only noted.
    virtual void flush() noexcept {}

private:
    const bool persistent_;
};

// Makes the backend of that name. If the kernel refuses io_uring, says so on standard error and makes epoll instead.
// Throws: std::system_error if the system refuses; std::invalid_argument, which lists the known names, for an unknown
// name.
std::unique_ptr<Backend> make_backend(std::string_view name);
void require_backend(std::string_view name);    // throws std::invalid_argument as make_backend()
std::vector<std::string_view> backend_names();  // the default first

// The error to throw when arm() has refused: names the number, and the remedy if there is one.
std::system_error cannot_watch(const Backend& backend, int fd, int error);

std::unique_ptr<Backend> make_epoll_backend();
std::unique_ptr<Backend> make_uring_backend();  // where the build found liburing
std::unique_ptr<Backend> make_poll_backend();
std::unique_ptr<Backend> make_select_backend();

}  // namespace tendril::detail
