// SPDX-License-Identifier: MIT

#include "process/child_process.hpp"

#include <stdexcept>
#include <string>

#include <tendril/detail/base/check.hpp>
#include <tendril/process.hpp>

#include "net/transfer.hpp"

namespace tendril {

namespace detail {

ChildProcess::Watch::Watch(ChildProcess& c) noexcept
    : Interest(events::read,
               [](Interest& self, Events what) noexcept { static_cast<Watch&>(self).child.on_event(what); }),
      child(c) {}

ChildProcess::ChildProcess() : owner_(here::owner()) {}

ChildProcess::~ChildProcess() {
    unwatch();
    keep_alive(false);
}

void ChildProcess::began(pid_t pid, Fd pidfd) noexcept {
    pid_ = pid;
    pidfd_ = std::move(pidfd);
}

std::optional<int> ChildProcess::returncode() const noexcept {
    return ending_.state == State::ended ? std::optional(ending_.result) : std::nullopt;
}

int ChildProcess::Ending::code(pid_t pid) const {
    TENDRIL_ASSERT(state != State::running);
    if (state == State::lost) {
        fail(-result, "child process " + std::to_string(pid) +
                          ": its result is not available (did other code wait for it, is SIGCHLD ignored, is it the "
                          "parent's since a fork?)");
    }
    return result;
}

bool ChildProcess::ask() noexcept {
    if (!running()) {
        return true;
    }
    int code = 0;
    int by_signal = 0;
    int r = 0;
    do {
        r = sys::wait_child(pidfd_.get(), code, by_signal);
    } while (r == -EINTR);
    if (r == 0) {
        return false;
    }
    if (r < 0) {
        finish(State::lost, -r);
    } else {
        finish(State::ended, by_signal != 0 ? -by_signal : code);
    }
    return true;
}

void ChildProcess::finish(State how, int result) noexcept {
    ending_ = {how, result};
    unwatch();
    pidfd_.close();
    keep_alive(false);
    while (auto* told = waiters_.front_slot<Ending>()) {
        *told = ending_;
        waiters_.wake_first(Outcome::signalled);
    }
    waiters_.notify_observers();
}

void ChildProcess::on_event(Events what) noexcept {
    if ((what & events::invalid) != 0 && running()) {  // closed by code that did not own it
        (void)pidfd_.release();
        finish(State::lost, EBADF);
    } else if (!ask()) {
        if (const int r = here::descriptors().keep_watching(watch_); r < 0) {
            finish(State::lost, -r);
        }
    }
    if (orphan && !running()) {
        delete this;
    }
}

ChildProcess::Ending ChildProcess::await(const char* what, Deadline deadline, std::size_t done) {
    require_here();
    here::refuse_in_callback();
    if (ask()) {
        return ending_;
    }
    watch();
    const KeepAlive awake;
    const pid_t pid = pid_;
    Ending told;
    const Stand stand(stands_);
    if (waiters_.wait(what, &told, deadline) != Outcome::timed_out) {
        return told;
    }
    if (stand.counts() && ask()) {
        return ending_;
    }
    time_out({.waited_ns = here::waited_ns(), .done = done},
             [what, pid] { return what + std::string(" (of process ") + std::to_string(pid) + ", which still runs)"; });
}

void ChildProcess::observe(Observer& observer) {
    require_here();
    watch();
    waiters_.observe(observer);
    keep_alive(true);
}

void ChildProcess::keep_alive(bool on) noexcept {
    if (!is_here() || (on && keeps_.linked())) {
        return;  // a daemon that observes too takes nothing from the others
    }
    keeps_.unlink();
    if (on) {
        here::keep_awaiting(keeps_);
    }
}

int ChildProcess::signal(int number) noexcept {
    if (ask()) {
        return 0;
    }
    const int r = sys::signal_child(pidfd_.get(), number);
    return r == -ESRCH ? 0 : r;
}

// Need not ask first whether the child has ended: until it is reaped, the system does not reuse its pid or group.
int ChildProcess::signal_group(int number) noexcept {
    if (!running()) {
        return 0;
    }
    const int r = sys::signal_group(pidfd_.get(), pid_, number);
    return r == -ESRCH ? 0 : r;
}

void ChildProcess::watch() {
    if (!was_watched()) {
        if (const int r = here::descriptors().watch(pidfd_.get(), watch_); r < 0) {
            fail(r, "cannot wait for process " + std::to_string(pid_));
        }
    }
}

void ChildProcess::unwatch() noexcept {
    if (is_here()) {
        here::descriptors().unwatch(watch_);
    }
}

}  // namespace detail

namespace detail {

bool has_ended(pid_t pid, const std::string& what) {
    if (pid <= 0) {
        throw std::invalid_argument(what + ": say which child; Popen has one each");
    }
    siginfo_t info;
    if (const int r = sys::waitid(P_PID, static_cast<id_t>(pid), info, WEXITED | WNOHANG | WNOWAIT); r < 0) {
        detail::fail(r, what + ": not a child of this process");
    }
    return info.si_pid == pid;
}

void ChildProcess::adopt(pid_t pid, const std::string& what) {
    has_ended(pid, what);
    Fd pidfd(sys::pidfd_open(pid));
    if (!pidfd) {
        fail(pidfd.get(), what);
    }
    began(pid, std::move(pidfd));
}

}  // namespace detail

int wait_pid(pid_t pid, Deadline deadline) {
    detail::ChildProcess child;
    child.adopt(pid, "wait_pid(" + std::to_string(pid) + ')');
    return child.await("wait_pid", deadline).code(pid);
}

std::optional<int> try_wait_pid(pid_t pid) {
    const std::string what = "try_wait_pid(" + std::to_string(pid) + ')';
    if (!detail::has_ended(pid, what)) {
        return std::nullopt;
    }
    siginfo_t info;
    if (const int r = sys::waitid(P_PID, static_cast<id_t>(pid), info, WEXITED | WNOHANG); r < 0) {
        detail::fail(r, what + ": other code has reaped it");
    }
    return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

}  // namespace tendril
