// SPDX-License-Identifier: MIT

#include "net/poll.hpp"

#include <array>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include <tendril/select.hpp>

#include "base/on_exit.hpp"
#include "base/sys.hpp"
#include "net/transfer.hpp"

namespace tendril {

namespace detail {

namespace {

// Returns the backend's events for poll's bits. For no bits: errors and hang-ups, which are always reported.
Events wanted_for(short bits) noexcept {
    const auto if_any = [bits](int mask, Events what) { return (bits & mask) != 0 ? what : events::none; };
    const auto wanted =
        static_cast<Events>(if_any(POLLIN | POLLRDNORM, events::read) | if_any(POLLOUT | POLLWRNORM, events::write));
    return wanted != events::none && (bits & POLLPRI) == 0 ? wanted : static_cast<Events>(wanted | events::priority);
}

int ask(std::span<pollfd> fds) {
    int n = 0;
    do {
        n = sys::poll(fds.data(), fds.size(), 0);
    } while (n == -EINTR);
    if (n < 0) {
        fail(n, "poll of " + std::to_string(fds.size()) + " descriptors");
    }
    return n;
}

// A waiter, and the descriptors whose events it is notified of.
class Watching {
public:
    Watching(std::span<pollfd> fds, const char* what) : fds_(fds), what_(what), watches_(fds.size(), &memory_) {
        for (std::size_t i = 0; i < fds.size(); ++i) {
            if (fds[i].fd >= 0 && (fds[i].revents & POLLNVAL) == 0) {
                watch(watches_[i], fds[i]);
            }
        }
    }

    // Waits until there is a reason to ask again. Returns: false if the deadline comes first.
    bool wait(Deadline deadline) {
        if (notified_) {
            return true;
        }
        Waiter waiter(what_);
        waiter_ = &waiter;
        const OnExit left([this] { waiter_ = nullptr; });
        const Outcome outcome =
            count_ > 0 ? here::descriptors().wait_notified(waiter, deadline) : waiter.wait(deadline);
        return outcome != Outcome::timed_out;
    }

    // As ask(), but leaves out descriptors that were closed meanwhile, and reports them as POLLNVAL.
    int ask_again() {
        notified_ = false;
        flip_closed();
        int n = 0;
        {
            const OnExit flipped_back([this] { flip_closed(); });
            n = ask(fds_);
        }
        for (std::size_t i = 0; i < fds_.size(); ++i) {
            if (watches_[i].closed) {
                fds_[i].revents = POLLNVAL;
                ++n;
            }
        }
        return n;
    }

    bool closed(std::size_t i) const noexcept { return watches_[i].closed; }
    Descriptor* descriptor(std::size_t i) const noexcept { return watches_[i].descriptor; }

    void rearm() {
        for (Watch& each : watches_) {
            if (each.descriptor != nullptr) {
                const int fd = each.descriptor->fd;
                check(here::descriptors().rearm(each), fd);
            }
        }
    }

private:
    struct Watch : Interest {
        Watching* all = nullptr;
        bool closed = false;
        Watch() noexcept : Interest(events::none, &Watch::on_event) {}
        ~Watch() {
            if (all != nullptr) {
                here::descriptors().unwatch(*this);
            }
        }
        static void on_event(Interest& interest, Events what) noexcept {
            auto& self = static_cast<Watch&>(interest);
            self.closed = self.closed || (what & events::invalid) != 0;
            if ((what & (self.wanted | events::hangup | events::invalid)) != 0) {
                self.all->notify();
            }
        }
    };

    void watch(Watch& one, const pollfd& fd) {
        one.all = this;
        one.wanted = wanted_for(fd.events);
        const int r = here::descriptors().watch(fd.fd, one);
        if (r == -EBADF) {  // closed by another OS thread since it was asked
            one.closed = notified_ = true;
        } else if (r != -EPERM && (r != -EINVAL || fd.revents == 0)) {
            check(r, fd.fd);  // else a file, which has no events; or ready, but a number that select(2) cannot take
            ++count_;
        }
    }

    void check(int r, int fd) const {
        if (r < 0 && r != -EBADF && r != -ENOENT) {  // these two: closed, of which on_event() has been notified
            throw here::descriptors().cannot_watch(fd, r);
        }
    }

    void notify() noexcept {
        notified_ = true;
        if (waiter_ != nullptr) {
            waiter_->resolve(Outcome::signalled);
        }
    }

    // Hides closed descriptors from poll(2), which skips negative numbers; called again, shows them.
    void flip_closed() noexcept {
        for (std::size_t i = 0; i < fds_.size(); ++i) {
            if (watches_[i].closed) {
                fds_[i].fd = ~fds_[i].fd;
            }
        }
    }

    static constexpr std::size_t few = 16;
    const std::span<pollfd> fds_;
    const char* const what_;
    bool notified_ = false;
    std::size_t count_ = 0;
    Waiter* waiter_ = nullptr;
    alignas(Watch) std::array<std::byte, few * sizeof(Watch)> room_;
    std::pmr::monotonic_buffer_resource memory_{room_.data(), room_.size()};
    std::pmr::vector<Watch> watches_;
};

}  // namespace

std::size_t wait_for_any(std::span<pollfd> fds, const char* what, Deadline deadline) {
    Scheduler& hub = Scheduler::here();
    hub.refuse_in_callback();
    int n = ask(fds);
    const bool only_looks = n != 0 || deadline.passed();
    const bool turn = --hub.budget <= 0 || (n == 0 && only_looks && !hub.ready.empty());
    if (only_looks && !turn) {
        return static_cast<std::size_t>(n);
    }
    Watching watching(fds, what);  // before others run, since they may close some
    if (turn) {
        hub.yield();
        n = watching.ask_again();
    }
    bool in_time = !only_looks;
    while (n == 0 && in_time) {
        watching.rearm();
        in_time = watching.wait(deadline);
        n = watching.ask_again();
    }
    return static_cast<std::size_t>(n);
}

bool turn_while_open(int fd, std::optional<Direction> direction, const char* what) {
    if (!here::spend_turn()) {
        return true;
    }
    pollfd one{fd, POLLIN | POLLOUT, 0};
    ask({&one, 1});
    Watching watching({&one, 1}, what);
    std::optional<Placed> placed;
    if (Descriptor* d = watching.descriptor(0); d != nullptr && direction.has_value()) {
        Descriptors::refuse_second(*d, *direction);
        placed.emplace(d->place(*direction), what);
    }
    here::yield();
    if (placed.has_value() && placed->outcome() == Outcome::timed_out) {  // by Descriptors::expire()
        time_out({}, [what, fd] { return std::string(what) + " of descriptor " + std::to_string(fd); });
    }
    return !watching.closed(0);
}

}  // namespace detail

std::size_t poll(std::span<PollFd> fds, Deadline deadline) {
    return detail::wait_for_any(fds, "poll", deadline);
}

}  // namespace tendril
