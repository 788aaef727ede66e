// SPDX-License-Identifier: MIT
//
// Child: a watcher of a process's end, by a pidfd.

#include <system_error>
#include <utility>

#include <tendril/fd.hpp>

#include "base/sys.hpp"
#include "hub/hub_core.hpp"
#include "hub/watchers/watcher_state.hpp"

namespace tendril {

namespace {

using namespace detail;

struct ChildState final : WatcherState {
    const pid_t pid;
    Child::Callback callback;
    Fd pidfd;
    struct Node : Interest {
        ChildState& child;
        explicit Node(ChildState& state) noexcept
            : Interest(events::read, [](Interest& self, Events) noexcept { static_cast<Node&>(self).child.due(); }),
              child(state) {}
    } interest{*this};

    ChildState(pid_t process, Child::Callback f, bool ref)
        : WatcherState("a Child watcher's callback", ref), pid(process), callback(std::move(f)) {}

    void on_start() override {
        pidfd = Fd(sys::checked(sys::pidfd_open(pid), ("cannot watch process " + std::to_string(pid)).c_str()));
        if (const int r = hub().descriptors.watch(pidfd.get(), interest); r < 0) {
            pidfd.close();
            throw std::system_error(-r, std::generic_category(), "cannot watch process " + std::to_string(pid));
        }
    }
    void on_stop() noexcept override {
        hub().descriptors.unwatch(interest);
        pidfd.close();
    }

    void call() override {
        ChildStatus status{pid, -1, 0};
        const int r = sys::wait_child(pidfd.get(), status.code, status.signal);
        if (r == 0) {
            return;  // a spurious event
        }
        stop();
        callback(status);
    }

    void call_fed() override {
        if (active()) {
            call();
        }
    }
    std::string detail() const override { return "process " + std::to_string(pid); }
    void called() override { hub().descriptors.renew(interest); }
};

}  // namespace

Child::Child(pid_t pid, Callback callback, WatcherOptions options, Site at)
    : Watcher(
          [&]() -> std::unique_ptr<WatcherState> {
              if (pid <= 0) {
                  throw std::invalid_argument("a Child watcher of process " + std::to_string(pid) +
                                              ": not a process number");
              }
              detail::require_callback(callback, "a Child watcher");
              return std::make_unique<ChildState>(pid, std::move(callback), options.ref);
          }(),
          at, options.priority) {}

pid_t Child::pid() const {
    return static_cast<ChildState&>(state()).pid;
}

}  // namespace tendril
