// SPDX-License-Identifier: MIT
//
// Child: a watcher of a process's end, by a pidfd; and of its stops, which pidfds do not report, by SIGCHLD.

#include <csignal>
#include <system_error>
#include <utility>

#include <tendril/fd.hpp>

#include "base/sys.hpp"
#include "hub/hub_core.hpp"
#include "hub/signals.hpp"
#include "hub/watchers/watcher_state.hpp"

namespace tendril {

namespace {

using namespace detail;

struct ChildState final : WatcherState {
    const pid_t pid;
    const bool traces, reaps;
    Child::Callback callback;
    Fd pidfd;
    int stopped_by = 0;  // as the callback knows it; 0: it runs
    struct Node : Interest {
        ChildState& child;
        explicit Node(ChildState& state) noexcept
            : Interest(events::read, [](Interest& self, Events) noexcept { static_cast<Node&>(self).child.due(); }),
              child(state) {}
    } interest{*this};
    struct Tracer final : SignalNode {
        ChildState& child;
        explicit Tracer(ChildState& state) noexcept : child(state) {}
        void came() noexcept override {
            ChildStatus status;
            if (child.has_changed(status)) {
                child.due();
            }
        }
    } tracer{*this};

    ChildState(pid_t process, Child::Callback f, const ChildOptions& options)
        : WatcherState("a Child watcher's callback", options.ref), pid(process), traces(options.trace),
          reaps(options.reap), callback(std::move(f)) {}

    void on_start() override {
        pidfd = Fd(sys::checked(sys::pidfd_open(pid), ("cannot watch process " + std::to_string(pid)).c_str()));
        if (const int r = hub().descriptors.watch(pidfd.get(), interest); r < 0) {
            pidfd.close();
            throw std::system_error(-r, std::generic_category(), "cannot watch process " + std::to_string(pid));
        }
        if (traces) {
            begin_trace();
        }
    }
    void begin_trace() {
        try {
            hub().have_signals().watch(SIGCHLD, tracer);
        } catch (...) {
            end_watch();
            throw;
        }
        stopped_by = 0;
        if (ChildStatus status; has_changed(status)) {
            here::post(*this);  // it is stopped already
        }
    }
    void on_stop() noexcept override {
        if (traces) {
            hub().signals->unwatch(SIGCHLD, tracer);
        }
        end_watch();
    }
    void end_watch() noexcept {
        hub().descriptors.unwatch(interest);
        pidfd.close();
    }

    // Whether it is stopped or goes on, and the callback does not know. A stop that was over before it was seen changes
    // nothing.
    bool has_changed(ChildStatus& status) const noexcept {
        return sys::look_at_child(pidfd.get(), status.stopped, status.continued) > 0 && status.stopped != stopped_by;
    }

    void call() override {
        ChildStatus status{.pid = pid};
        if (const int r = sys::wait_child(pidfd.get(), status.code, status.signal, reaps); r != 0) {
            status.code = r < 0 ? -1 : status.code;
            stop();
            callback(status);
        } else if (traces && has_changed(status)) {
            stopped_by = status.stopped;
            callback(status);
        }  // else a spurious event
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

Child::Child(pid_t pid, Callback callback, ChildOptions options, Site at)
    : Watcher(
          [&]() -> std::unique_ptr<WatcherState> {
              if (pid <= 0) {
                  throw std::invalid_argument("a Child watcher of process " + std::to_string(pid) +
                                              ": not a process number");
              }
              detail::require_callback(callback, "a Child watcher");
              return std::make_unique<ChildState>(pid, std::move(callback), options);
          }(),
          at, options.priority) {}

pid_t Child::pid() const {
    return static_cast<ChildState&>(state()).pid;
}

}  // namespace tendril
