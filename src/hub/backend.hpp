// SPDX-License-Identifier: MIT
//
// Backend: what tells the hub of ready descriptors, and how the hub sleeps.
//
// Edge-triggered: after add(), an event comes for each change towards readiness, beginning with what is ready
// already. An event may come for nothing (the hub's users try again), none may be lost. Tokens are the hub's; a
// backend hands back the one it was given, also for a descriptor that was closed meanwhile: the hub knows stale ones.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace tendril::detail {

struct BackendEvent {
    std::uint64_t token;
    bool readable;
    bool writable;
    bool hangup;  // the peer closed, or an error: reading on will tell
};

class Backend {
public:
    virtual ~Backend() = default;

    virtual const char* name() const noexcept = 0;

    // Reports events of fd from now on, until it is closed. Returns: 0 or -errno (-EPERM: a regular file, always
    // ready).
    virtual int add(int fd, std::uint64_t token) noexcept = 0;

    // Sleeps until there are events or wake() is called, at most timeout_ns (< 0: without end).
    // Returns: the events, valid until the next call. Throws: std::system_error when the backend is broken.
    virtual std::span<const BackendEvent> wait(std::int64_t timeout_ns) = 0;

    // Ends a wait() that goes on or comes next. From any OS thread.
    virtual void wake() noexcept = 0;
};

// Throws: std::system_error when the system refuses, std::invalid_argument for an unknown name, listing those there
// are.
std::unique_ptr<Backend> make_backend(std::string_view name);
std::vector<std::string_view> backend_names();

std::unique_ptr<Backend> make_epoll_backend();

}  // namespace tendril::detail
