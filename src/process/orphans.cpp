// SPDX-License-Identifier: MIT

#include "process/orphans.hpp"

#include <cstddef>
#include <new>
#include <string>

#include <tendril/detail/base/mutex.hpp>

#include "base/at_fork.hpp"
#include "base/once.hpp"
#include "base/report.hpp"

namespace tendril::detail {

namespace {

// The orphans that no hub watches. Never destroyed: green threads may end after static objects do.
struct Unwatched {
    Mutex mutex{Rank::orphans};
    List<ChildProcess> children TENDRIL_GUARDED_BY(mutex);
    const AtFork at_fork{this, [](void* self) noexcept { static_cast<Unwatched*>(self)->forked(); }};

private:
    TENDRIL_NOT_ANALYZED void forked() noexcept {
        children.take_all([](ChildProcess& child) { delete &child; });  // they are the parent's
    }
};

Unwatched& unwatched() {
    static constinit Once once;
    alignas(Unwatched) static std::byte memory[sizeof(Unwatched)];
    once([] { ::new (static_cast<void*>(memory)) Unwatched; });
    return *std::launder(reinterpret_cast<Unwatched*>(memory));
}

void leave_to_sweeps(ChildProcess& child) noexcept {
    child.unwatch();
    child.orphan = false;
    Unwatched& all = unwatched();
    const MutexLock lock(all.mutex);
    all.children.push_back(child);
}

// The orphans that this OS thread's hub watches. Made after the hub, so it is destroyed before it.
struct Watched {
    List<ChildProcess> children;
    std::uint64_t generation = fork_generation();
    bool gone = false;

    // In the child of a fork(): drops the parent's orphans, which are not this process's children.
    void forget_after_fork() noexcept {
        if (std::exchange(generation, fork_generation()) != generation) {
            children.take_all([](ChildProcess& child) { delete &child; });
        }
    }
    ~Watched() {
        gone = true;
        forget_after_fork();
        while (ChildProcess* child = children.pop_front()) {
            leave_to_sweeps(*child);
        }
        sweep_orphans();
    }
};

Watched& watched_here() {
    static thread_local Watched here;
    return here;
}

}  // namespace

void adopt_orphan(std::unique_ptr<ChildProcess> child) noexcept {
    if (child->watched_elsewhere()) {
        report("a Popen was destroyed on another OS thread than its own, which watches it; process " +
               std::to_string(child->pid()) + " may stay a zombie when it ends");
        (void)child.release();  // its hub may still refer to it
        return;
    }
    child->keep_alive(false);
    if (child->waited_for() || child->ask()) {
        return;
    }
    if (child->is_here()) {
        if (Watched& here = watched_here(); !here.gone) {
            here.forget_after_fork();
            try {
                child->watch();
                child->orphan = true;
                here.children.push_back(*child.release());
                return;
            } catch (...) {  // out of memory, or no room in the backend: left to a sweep
            }
        }
    }
    leave_to_sweeps(*child.release());
}

void sweep_orphans() noexcept {
    Unwatched& all = unwatched();
    const MutexLock lock(all.mutex);
    for (ChildProcess *child = all.children.front(), *next = nullptr; child != nullptr; child = next) {
        next = all.children.after(*child);
        if (child->ask()) {
            delete child;
        }
    }
}

}  // namespace tendril::detail
