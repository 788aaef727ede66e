// SPDX-License-Identifier: MIT
//
// poll, select, epoll_wait, and their like: a look that does not wait, a wait for any of the descriptors, another look.

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstring>
#include <optional>

#include "base/libc.hpp"
#include "patch/any_ready.hpp"
#include "patch/hooks.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

constexpr timespec at_once{0, 0};

// nullptr: never. nullopt: not a time.
std::optional<Deadline> deadline_of(const timespec* time) noexcept {
    if (time == nullptr) {
        return never;
    }
    if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= 1'000'000'000) {
        return std::nullopt;
    }
    constexpr std::int64_t most = INT64_MAX / 1'000'000'000 - 1;
    return Deadline::after(Deadline::now_ns(), std::chrono::seconds(std::min<std::int64_t>(time->tv_sec, most)) +
                                                   std::chrono::nanoseconds(time->tv_nsec));
}

Deadline deadline_of(int ms) noexcept {
    return ms < 0 ? never : Deadline(std::chrono::milliseconds(ms));
}

// While a call has a signal mask of its own, which lets other signals through than the caller's: the looks are made
// with it, this often. So are those for what the hub's backend does not report.
constexpr std::chrono::milliseconds between_looks{10};

// What a look returned that is the last one.
int looked(int r) noexcept {
    if (r < 0 && errno == EINTR) {
        note_eintr();
    }
    spend();
    return r;
}

// look(): the call itself, without waiting: not 0 if it is done. subscribe(any): adds the descriptors; false if one of
// them is ready at once.
// Returns: what look() returned; 0 at the deadline; -1.
template <class Look, class Subscribe>
int until_ready(std::size_t n, Deadline deadline, bool masked, Look look, Subscribe subscribe) noexcept {
    const int before = errno;
    Waits pauses(deadline, false);
    for (unsigned in_vain = 0;; ++in_vain) {
        if (const int r = look(); r != 0) {
            return settled(looked(r), before);
        }
        Wait how = Wait::ready;
        if (AnyReady any(n); !any.ok()) {
            errno = ENOMEM;
            return -1;
        } else if (const Deadline next = masked ? std::min(deadline, Deadline(between_looks)) : deadline;
                   in_vain < 3 && subscribe(any)) {
            how = any.wait(next);
            if (how == Wait::timed_out && next < deadline) {
                in_vain = 0;
                continue;
            }
        } else {
            how = pauses.a_little();
        }
        if (how == Wait::timed_out) {
            return settled(look(), before);
        }
        if (how != Wait::ready) {
            return fail(how);
        }
    }
}

// Whether it waits for a hang-up alone, which the backend "select" cannot see.
bool unseen(const pollfd& one) noexcept {
    return one.fd >= 0 && one.events == 0 && std::strcmp(Hub::current().backend(), "select") == 0;
}

template <class Look>
int wait_polling(pollfd* fds, nfds_t n, Deadline deadline, bool masked, Look look) noexcept {
    return until_ready(n, deadline, masked || std::any_of(fds, fds + n, unseen), look, [=](AnyReady& any) {
        bool all = true;
        for (nfds_t i = 0; i < n; ++i) {
            all = (fds[i].fd < 0 || unseen(fds[i]) || any.add(fds[i].fd, events_of_poll(fds[i].events))) && all;
        }
        return all;
    });
}

int poll(pollfd* fds, nfds_t n, int timeout) noexcept {
    if (!looks_green()) {
        return libc.poll(fds, n, timeout);
    }
    const int r = libc.poll(fds, n, 0);
    if (r != 0 || timeout == 0) {
        spend();
        return r;
    }
    if (!in_own_process()) {
        return libc.poll(fds, n, timeout);
    }
    return wait_polling(fds, n, deadline_of(timeout), false, [=] { return libc.poll(fds, n, 0); });
}

int ppoll(pollfd* fds, nfds_t n, const timespec* timeout, const sigset_t* mask) noexcept {
    const std::optional<Deadline> deadline = deadline_of(timeout);
    if (!deadline || !may_park()) {
        return libc.ppoll(fds, n, timeout, mask);
    }
    const auto look = [=] { return libc.ppoll(fds, n, &at_once, mask); };
    const int r = look();
    if (r != 0 || (timeout != nullptr && timeout->tv_sec == 0 && timeout->tv_nsec == 0)) {
        return looked(r);
    }
    return wait_polling(fds, n, *deadline, mask != nullptr, look);
}

// The sets of a select(2), kept while the call changes them. One that is wider than FD_SETSIZE is made so by its user.
class Sets {
public:
    Sets(int n, fd_set* read, fd_set* write, fd_set* except) noexcept
        : n_(n), bytes_((static_cast<std::size_t>(n) + 63) / 64 * 8), sets_{read, write, except} {
        for (std::size_t i = 0; i < sets_.size(); ++i) {
            if (sets_[i] != nullptr && bytes_ <= sizeof wanted_[i]) {
                std::memcpy(&wanted_[i], sets_[i], bytes_);
            }
        }
    }
    bool fit() const noexcept { return bytes_ <= sizeof(fd_set); }

    void restore() noexcept {
        for (std::size_t i = 0; i < sets_.size(); ++i) {
            if (sets_[i] != nullptr) {
                std::memcpy(sets_[i], &wanted_[i], bytes_);
            }
        }
    }
    void clear() noexcept {
        for (fd_set* set : sets_) {
            if (set != nullptr) {
                std::memset(set, 0, bytes_);
            }
        }
    }
    bool wanted(int fd, std::size_t set) const noexcept { return sets_[set] != nullptr && FD_ISSET(fd, &wanted_[set]); }

    Events events_of(int fd) const noexcept {
        return static_cast<Events>((wanted(fd, 0) ? events::read : 0) | (wanted(fd, 1) ? events::write : 0) |
                                   (wanted(fd, 2) ? events::priority : 0));
    }
    std::size_t count() const noexcept {
        std::size_t found = 0;
        for (int fd = 0; fd < n_; ++fd) {
            found += events_of(fd) != 0 ? 1 : 0;
        }
        return found;
    }
    bool subscribe(AnyReady& any) const noexcept {
        bool all = true;
        for (int fd = 0; fd < n_; ++fd) {
            if (const Events what = events_of(fd); what != 0) {
                all = any.add(fd, what) && all;
            }
        }
        return all;
    }

private:
    const int n_;
    const std::size_t bytes_;
    const std::array<fd_set*, 3> sets_;
    std::array<fd_set, 3> wanted_;
};

// look(): the call itself, without waiting, on the caller's sets.
template <class Look>
int wait_selecting(Sets& sets, Deadline deadline, bool masked, Look look) noexcept {
    const int r = until_ready(
        sets.count(), deadline, masked,
        [&] {
            sets.restore();
            return look();
        },
        [&](AnyReady& any) { return sets.subscribe(any); });
    if (r == 0) {
        sets.clear();
    } else if (r < 0) {
        const int error = errno;
        sets.restore();
        errno = error;
    }
    return r;
}

int select(int n, fd_set* read, fd_set* write, fd_set* except, timeval* timeout) noexcept {
    if (n < 0 || !may_park()) {
        return real.select(n, read, write, except, timeout);
    }
    const timespec time = timeout != nullptr ? timespec{timeout->tv_sec, timeout->tv_usec * 1000} : timespec{};
    const std::optional<Deadline> deadline = deadline_of(timeout != nullptr ? &time : nullptr);
    Sets sets(n, read, write, except);
    if (!deadline || !sets.fit()) {
        return real.select(n, read, write, except, timeout);
    }
    const auto look = [=] {
        timeval none{0, 0};
        return real.select(n, read, write, except, &none);
    };
    int r = look();
    if (r == 0 && (timeout == nullptr || time.tv_sec != 0 || time.tv_nsec != 0)) {
        r = wait_selecting(sets, *deadline, false, look);
    } else {
        spend();
    }
    if (timeout != nullptr) {
        const std::int64_t left = std::max<std::int64_t>(deadline->ns() - Deadline::now_ns(), 0);
        *timeout = {left / 1'000'000'000, left % 1'000'000'000 / 1000};
    }
    return r;
}

int pselect(int n, fd_set* read, fd_set* write, fd_set* except, const timespec* timeout,
            const sigset_t* mask) noexcept {
    const std::optional<Deadline> deadline = deadline_of(timeout);
    if (n < 0 || !deadline || !may_park()) {
        return libc.pselect(n, read, write, except, timeout, mask);
    }
    Sets sets(n, read, write, except);
    if (!sets.fit()) {
        return libc.pselect(n, read, write, except, timeout, mask);
    }
    const auto look = [=] { return libc.pselect(n, read, write, except, &at_once, mask); };
    const int r = look();
    if (r != 0 || (timeout != nullptr && timeout->tv_sec == 0 && timeout->tv_nsec == 0)) {
        return looked(r);
    }
    return wait_selecting(sets, *deadline, mask != nullptr, look);
}

// An epoll descriptor can itself be waited for: it is readable when there are events.
int epoll_by(int epoll, Deadline deadline, bool masked, int first, auto look) noexcept {
    if (first != 0) {
        return looked(first);
    }
    return until_ready(1, deadline, masked, look, [=](AnyReady& any) { return any.add(epoll, events::read); });
}

// Whether a signal that the mask lets through has come: its handler has run then. epoll_pwait(2) does not look if it
// may not wait.
bool signalled(int epoll, const sigset_t* mask) noexcept {
    pollfd one{epoll, POLLIN, 0};
    return mask != nullptr && libc.ppoll(&one, 1, &at_once, mask) < 0;
}

int epoll_wait(int epoll, epoll_event* out, int n, int timeout) noexcept {
    if (!looks_green() || timeout == 0) {
        return spent(libc.epoll_wait(epoll, out, n, timeout));
    }
    const auto look = [=] { return libc.epoll_wait(epoll, out, n, 0); };
    const int first = look();
    if (first == 0 && !in_own_process()) {
        return libc.epoll_wait(epoll, out, n, timeout);
    }
    return epoll_by(epoll, deadline_of(timeout), false, first, look);
}

int epoll_pwait(int epoll, epoll_event* out, int n, int timeout, const sigset_t* mask) noexcept {
    if (timeout == 0 || !may_park()) {
        return spent(real.epoll_pwait(epoll, out, n, timeout, mask));
    }
    const auto look = [=] { return signalled(epoll, mask) ? -1 : real.epoll_pwait(epoll, out, n, 0, mask); };
    return epoll_by(epoll, deadline_of(timeout), mask != nullptr, look(), look);
}

int epoll_pwait2(int epoll, epoll_event* out, int n, const timespec* timeout, const sigset_t* mask) noexcept {
    const std::optional<Deadline> deadline = deadline_of(timeout);
    const bool none = timeout != nullptr && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
    if (!deadline || none || !may_park()) {
        return spent(real.epoll_pwait2(epoll, out, n, timeout, mask));
    }
    const auto look = [=] { return signalled(epoll, mask) ? -1 : real.epoll_pwait2(epoll, out, n, &at_once, mask); };
    return epoll_by(epoll, *deadline, mask != nullptr, look(), look);
}

int poll_chk(pollfd* fds, nfds_t n, int timeout, std::size_t room) noexcept {
    return room / sizeof *fds < n ? real.__poll_chk(fds, n, timeout, room) : patch::detail::poll(fds, n, timeout);
}
int ppoll_chk(pollfd* fds, nfds_t n, const timespec* timeout, const sigset_t* mask, std::size_t room) noexcept {
    return room / sizeof *fds < n ? real.__ppoll_chk(fds, n, timeout, mask, room)
                                  : patch::detail::ppoll(fds, n, timeout, mask);
}

}  // namespace

Hooks poll_hooks() noexcept {
    static const std::array hooks{
        Hook("poll", Class::io, &patch::detail::poll),
        Hook("__poll", Class::io, &patch::detail::poll),
        Hook("__poll_chk", Class::io, &poll_chk),
        Hook("ppoll", Class::io, &patch::detail::ppoll),
        Hook("__ppoll_chk", Class::io, &ppoll_chk),
        Hook("select", Class::io, &patch::detail::select),
        Hook("__select", Class::io, &patch::detail::select),
        Hook("pselect", Class::io, &patch::detail::pselect),
        Hook("epoll_wait", Class::io, &patch::detail::epoll_wait),
        Hook("epoll_pwait", Class::io, &patch::detail::epoll_pwait),
        Hook("epoll_pwait2", Class::io, &patch::detail::epoll_pwait2),
    };
    return hooks;
}

}  // namespace tendril::patch::detail
