// SPDX-License-Identifier: MIT

#include "base/at_fork.hpp"

#include <pthread.h>

#include <atomic>

#include <tendril/detail/base/mutex.hpp>

namespace tendril::detail {

namespace {

// Never destroyed: AtForks are made and destroyed while static objects are.
struct Registry {
    Mutex mutex{Rank::at_fork};
    List<AtFork> all TENDRIL_GUARDED_BY(mutex);
};
Registry& registry() {
    static Registry& only = *new Registry;
    return only;
}

std::atomic<std::uint64_t> generation{0};

}  // namespace

AtFork::AtFork(void* object, void (*in_child)(void*) noexcept) : object_(object), in_child_(in_child) {
    const MutexLock lock(registry().mutex);
    registry().all.push_back(*this);
}

AtFork::~AtFork() {
    const MutexLock lock(registry().mutex);
    ListNode::unlink();
}

// Without the lock: no other OS thread exists.
TENDRIL_NOT_ANALYZED void mend_child() noexcept {
    generation.fetch_add(1, std::memory_order_relaxed);
    List<AtFork>& all = registry().all;
    for (AtFork* each = all.front(); each != nullptr; each = all.after(*each)) {
        each->in_child_(each->object_);
    }
}

namespace {

// Runs when the library is loaded, so that no fork() finds it half done.
[[gnu::constructor]] void install() {
    registry();
    ::pthread_atfork(nullptr, nullptr, &mend_child);
}

}  // namespace

std::uint64_t fork_generation() noexcept {
    return generation.load(std::memory_order_relaxed);
}

}  // namespace tendril::detail
