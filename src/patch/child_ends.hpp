// SPDX-License-Identifier: MIT
//
// WatchedFd: a descriptor of a hook's own that the hub watches while a green thread waits for it.
// ChildEnds: becomes ready when one of the children that this process had at the last look has ended.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <vector>

#include <tendril/fd.hpp>

#include "base/own_number.hpp"
#include "patch/green.hpp"

namespace tendril::patch::detail {

// Takes leave of the hub when it is closed. Patched code that closes all numbers cannot close it. Requires: opened and
// closed on the same OS thread.
class WatchedFd {
public:
    WatchedFd() = default;
    WatchedFd(const WatchedFd&) = delete;
    WatchedFd& operator=(const WatchedFd&) = delete;
    ~WatchedFd();

    void take(Fd fd) noexcept;  // Requires: it has none
    int get() const noexcept { return fd_.get(); }
    explicit operator bool() const noexcept { return fd_.is_open(); }

private:
    Fd fd_;
    std::optional<tendril::detail::OwnNumber> own_;  // destroyed first: the number is still its
};

class ChildEnds {
public:
    // Looks which children there are, and suspends until one of them ends or the deadline comes. An end is reported
    // once. Where the system does not tell which children there are, or refuses descriptors, only the deadline ends it.
    // Returns: as await_descriptor(). Requires: may_park().
    Wait await_end(Deadline deadline) noexcept;

private:
    void look();
    void add(pid_t pid);

    struct Child {
        pid_t pid;
        Fd pidfd;
    };
    static constexpr std::size_t at_most = 256;
    std::vector<Child> known_;
    WatchedFd all_;  // an epoll of the pidfds
};

}  // namespace tendril::patch::detail
