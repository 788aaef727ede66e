// SPDX-License-Identifier: MIT
//
// Io: a watcher of a descriptor. Backends report changes, or each event once; arming again after each callback makes it
// level-triggered.

#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "base/sys.hpp"
#include "hub/hub_core.hpp"
#include "hub/watchers/watcher_state.hpp"

namespace tendril {

namespace {

using namespace detail;

void check(int fd, IoEvents wanted) {
    if (fd < 0) {
        throw std::invalid_argument("an Io watcher of descriptor " + std::to_string(fd) + ": it cannot be negative");
    }
    const auto known = IoEvents::read | IoEvents::write | IoEvents::priority;
    if (!any(wanted) || (wanted & known) != wanted) {
        throw std::invalid_argument("an Io watcher needs one or more of the events read, write and priority");
    }
}

std::string describe_descriptor(int fd, Events wanted) {
    std::string text = "descriptor " + std::to_string(fd);
    for (const auto& [event, name] : {std::pair(events::read, ", read"), std::pair(events::write, ", write"),
                                      std::pair(events::priority, ", priority")}) {
        text += (wanted & event) != 0 ? name : "";
    }
    return text;
}

struct IoState final : WatcherState {
    int fd;
    Events wanted;
    Events came = events::none;
    Io::Callback callback;
    struct Node : Interest {
        IoState& io;
        explicit Node(IoState& state) noexcept : Interest(events::none, &IoState::on_event), io(state) {}
    } interest{*this};

    IoState(int number, IoEvents what, Io::Callback f, bool ref)
        : WatcherState("an Io watcher's callback", ref), fd(number), wanted(static_cast<Events>(what)),
          callback(std::move(f)) {}

    static void on_event(Interest& interest, Events what) noexcept {
        IoState& io = static_cast<Node&>(interest).io;
        io.came |= static_cast<Events>(what & (io.wanted | events::invalid));
        if (io.came != events::none) {
            io.due();
        }
    }

    // Checks here, because not every backend refuses at once what cannot be watched.
    int watch() {
        if (!sys::is_open(fd)) {
            return -EBADF;
        }
        const int kind = sys::file_kind(fd);
        return kind == S_IFREG || kind == S_IFDIR ? -EPERM : hub().descriptors.watch(fd, interest);
    }

    void on_start() override {
        interest.wanted = wanted;
        came = events::none;
        if (const int r = watch(); r < 0) {
            throw cannot_watch(*hub().backend, fd, r);
        }
    }
    void on_stop() noexcept override { hub().descriptors.unwatch(interest); }

    void call() override {
        const Events now = std::exchange(came, events::none);
        if ((now & events::invalid) != 0) {
            stop();
        }
        callback(static_cast<IoEvents>(now));
    }

    void call_fed() override { callback(static_cast<IoEvents>(wanted)); }
    std::string detail() const override { return describe_descriptor(fd, wanted); }

    void called() override {
        if (hub().descriptors.renew(interest) < 0) {
            came |= events::invalid;
            due();
        }
    }
};

}  // namespace

Io::Io(int fd, IoEvents events, Callback callback, WatcherOptions options, Site at)
    : Watcher(
          [&]() -> std::unique_ptr<WatcherState> {
              check(fd, events);
              detail::require_callback(callback, "an Io watcher");
              return std::make_unique<IoState>(fd, events, std::move(callback), options.ref);
          }(),
          at, options.priority) {}

void Io::set(int fd, IoEvents events) {
    check(fd, events);
    auto& io = static_cast<IoState&>(state());
    if (io.active()) {
        throw std::logic_error("an Io watcher can be set to another descriptor only when it is stopped");
    }
    io.fd = fd;
    io.wanted = static_cast<Events>(events);
}

int Io::fd() const {
    return static_cast<IoState&>(state()).fd;
}

IoEvents Io::events() const {
    return static_cast<IoEvents>(static_cast<IoState&>(state()).wanted);
}

}  // namespace tendril
