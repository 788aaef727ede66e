// SPDX-License-Identifier: MIT

#include "base/at_fork.hpp"

#include <pthread.h>

#include <atomic>
#include <mutex>

#include "base/sys.hpp"

namespace tendril::detail {

namespace {

// Never destroyed: handlers come and go while static objects are.
struct Registry {
    std::mutex mutex;
    List<AtFork> handlers;
};
Registry& registry() {
    static Registry& only = *new Registry;
    return only;
}

std::atomic<std::uint64_t> generation{0};

}  // namespace

AtFork::AtFork() {
    const std::lock_guard lock(registry().mutex);
    registry().handlers.push_back(*this);
}

AtFork::~AtFork() {
    const std::lock_guard lock(registry().mutex);
    ListNode::unlink();
}

pid_t fork_process() {
    const std::lock_guard lock(registry().mutex);
    List<AtFork>& all = registry().handlers;
    for (AtFork* each = all.front(); each != nullptr; each = all.after(*each)) {
        each->before();
    }
    const pid_t pid = sys::fork();
    for (AtFork* each = all.front(); each != nullptr; each = all.after(*each)) {
        pid == 0 ? each->in_child() : each->in_parent();
    }
    return pid;
}

std::uint64_t fork_generation() noexcept {
    return generation.load(std::memory_order_relaxed);
}

void count_forks() {
    static std::once_flag once;
    std::call_once(
        once, [] { ::pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); }); });
}

}  // namespace tendril::detail
