// SPDX-License-Identifier: MIT

#include "patch/child_ends.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>

#include "base/libc.hpp"
#include "base/sys.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

// Calls f(pid) for each child of one OS thread.
template <class F>
void for_each_child(const std::string& thread, F f) {
    const Fd file(::open(("/proc/self/task/" + thread + "/children").c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    char piece[512];
    for (ssize_t n = 0; file && (n = libc.read(file.get(), piece, sizeof piece)) > 0;) {
        text.append(piece, static_cast<std::size_t>(n));
    }
    const char* at = text.data();
    const char* const end = at + text.size();
    pid_t pid = 0;
    for (auto r = std::from_chars(at, end, pid); r.ec == std::errc(); r = std::from_chars(at, end, pid)) {
        f(pid);
        at = r.ptr == end ? end : r.ptr + 1;
    }
}

}  // namespace

WatchedFd::~WatchedFd() {
    if (fd_) {
        tendril::detail::here::descriptors().closing(fd_.get());
    }
}

void WatchedFd::take(Fd fd) noexcept {
    fd_ = std::move(fd);
    own_.reset();
    if (fd_) {
        own_.emplace(fd_.get());
    }
}

void ChildEnds::add(pid_t pid) {
    const bool known = std::any_of(known_.begin(), known_.end(), [=](const Child& each) { return each.pid == pid; });
    if (known || known_.size() >= at_most) {
        return;
    }
    Fd pidfd(sys::pidfd_open(pid));
    epoll_event edge{};
    edge.events = EPOLLIN | EPOLLET;
    if (pidfd && ::epoll_ctl(all_.get(), EPOLL_CTL_ADD, pidfd.get(), &edge) == 0) {
        known_.push_back({pid, std::move(pidfd)});
    }
}

void ChildEnds::look() {
    const std::unique_ptr<DIR, int (*)(DIR*)> threads(::opendir("/proc/self/task"), &::closedir);
    while (const dirent* thread = threads != nullptr ? ::readdir(threads.get()) : nullptr) {
        if (thread->d_name[0] != '.') {
            for_each_child(thread->d_name, [this](pid_t pid) { add(pid); });
        }
    }
}

Wait ChildEnds::await_end(Deadline deadline) noexcept {
    if (!all_) {
        all_.take(Fd(::epoll_create1(EPOLL_CLOEXEC)));
    }
    try {
        look();
    } catch (const std::exception&) {
        // no memory: those that are not known are found by the deadline
    }
    if (!all_ || known_.empty()) {
        return await_time(deadline, true);
    }
    const Wait how = await_descriptor(all_.get(), events::read, deadline);
    if (how == Wait::ready) {
        epoll_event ended[16];
        libc.epoll_wait(all_.get(), ended, 16, 0);  // takes the edges, so that they are reported once
    }
    return how;
}

}  // namespace tendril::patch::detail
