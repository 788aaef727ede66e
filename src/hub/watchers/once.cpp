// SPDX-License-Identifier: MIT

#include <tendril/once.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "hub/watchers/watcher_state.hpp"

namespace tendril {

namespace {

// Owns itself, and goes with the first of its events.
struct Once {
    detail::Callback<void(IoEvents)> callback;
    std::optional<Io> io;
    std::optional<Timer> timer;
    Cleanup at_end{[this] { delete this; }};
    Fork in_child{[this] { delete this; }};

    explicit Once(detail::Callback<void(IoEvents)> f) : callback(std::move(f)) {}

    void fire(IoEvents came) {
        const auto last = std::move(callback);
        delete this;  // before the callback, which may close the descriptor
        last(came);
    }
};

}  // namespace

void once(int fd, IoEvents events, Deadline deadline, detail::Callback<void(IoEvents)> callback, Site at) {
    detail::require_callback(callback, "once()");
    if (fd < 0 && !any(events) && deadline.is_never()) {
        throw std::invalid_argument("once() without a descriptor and without a deadline: its callback would never run");
    }
    auto made = std::make_unique<Once>(std::move(callback));
    Once& self = *made;
    if (fd >= 0 || any(events)) {
        self.io.emplace(
            fd, events, [&self](IoEvents came) { self.fire(came); }, WatcherOptions{}, at);
    }
    if (!deadline.is_never()) {
        self.timer.emplace(
            Duration(deadline.remaining()), [&self] { self.fire(IoEvents::none); }, TimerOptions{}, at);
    }
    static_cast<void>(made.release());
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): it owns itself

}  // namespace tendril
