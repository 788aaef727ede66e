// SPDX-License-Identifier: MIT

#include <tendril/select.hpp>

#include <algorithm>
#include <array>
#include <memory_resource>
#include <string>

#include "net/poll.hpp"
#include "net/transfer.hpp"

namespace tendril {

namespace {

using namespace detail;

void wait_for(int fd, Direction direction, const char* what, Deadline deadline) {
    here::refuse_in_callback();
    const bool open = turn_while_open(fd, direction, what);
    switch (open ? here::descriptors().wait(fd, direction, what, deadline) : Outcome::closed) {
    case Outcome::timed_out:
        time_out({.waited_ns = here::waited_ns()},
                 [what, fd] { return std::string(what) + " of descriptor " + std::to_string(fd); });
    case Outcome::closed:
        fail(-EBADF, std::string(what) + ": descriptor " + std::to_string(fd) + " was closed by another green thread");
    default:
        return;
    }
}

// The three sets, in two forms: as they were given, each entry with its one event; and merged and sorted by number, to
// be waited for.
class Sets {
public:
    void add(const FdRange& set, short event) {
        struct Adding final : FdRange::Visitor {
            std::pmr::vector<pollfd>& to;
            short event;
            Adding(std::pmr::vector<pollfd>& list, short what) noexcept : to(list), event(what) {}
            void operator()(int fd) override {
                if (fd < 0) {
                    fail(-EBADF, "select: one of the descriptors is closed");
                }
                to.push_back({fd, event, 0});
            }
        } adding(given_, event);
        set.visit(adding);
    }

    std::span<pollfd> merge() {
        merged_ = given_;
        std::sort(merged_.begin(), merged_.end(), [](const pollfd& a, const pollfd& b) { return a.fd < b.fd; });
        auto last = merged_.begin();
        for (auto it = merged_.begin(); it != merged_.end(); ++it) {
            if (it->fd == last->fd) {
                last->events = static_cast<short>(last->events | it->events);
            } else {
                *++last = *it;
            }
        }
        merged_.erase(merged_.empty() ? last : last + 1, merged_.end());
        return merged_;
    }

    Selected selected() const {
        Selected result;
        for (const pollfd& each : given_) {
            const pollfd& found = *std::lower_bound(merged_.begin(), merged_.end(), each,
                                                    [](const pollfd& a, const pollfd& b) { return a.fd < b.fd; });
            if ((found.revents & POLLNVAL) != 0) {
                fail(-EBADF, "select: descriptor " + std::to_string(each.fd) + " is not open, or was closed meanwhile");
            }
            const bool broken = (found.revents & (POLLERR | POLLHUP)) != 0;
            if ((found.revents & each.events) != 0 || (broken && (each.events != POLLPRI || found.events == POLLPRI))) {
                (each.events == POLLIN    ? result.readable
                 : each.events == POLLOUT ? result.writable
                                          : result.exceptional)
                    .push_back(each.fd);
            }
        }
        return result;
    }

private:
    static constexpr std::size_t few = 3 * 16;
    static std::pmr::vector<pollfd> with_room(std::pmr::memory_resource& memory) {
        std::pmr::vector<pollfd> list(&memory);
        list.reserve(few);
        return list;
    }

    alignas(pollfd) std::array<std::byte, 2 * few * sizeof(pollfd)> room_;
    std::pmr::monotonic_buffer_resource memory_{room_.data(), room_.size()};
    std::pmr::vector<pollfd> given_ = with_room(memory_);
    std::pmr::vector<pollfd> merged_ = with_room(memory_);
};

}  // namespace

void wait_readable(int fd, Deadline deadline) {
    wait_for(fd, Direction::read, "wait_readable", deadline);
}

void wait_writable(int fd, Deadline deadline) {
    wait_for(fd, Direction::write, "wait_writable", deadline);
}

void closing(int fd) noexcept {
    if (detail::here::has_hub()) {
        detail::here::descriptors().closing(fd);
    }
}

Selected select(FdRange readers, FdRange writers, FdRange exceptional, Deadline deadline) {
    Sets sets;
    sets.add(readers, POLLIN);
    sets.add(writers, POLLOUT);
    sets.add(exceptional, POLLPRI);
    wait_for_any(sets.merge(), "select", deadline);
    return sets.selected();
}

}  // namespace tendril
