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

// Those that no hub watches. Lives as long as the process: green threads may end after statics do.
struct Unwatched {
    Mutex mutex{Rank::orphans};
    List<ChildProcess> children TENDRIL_GUARDED_BY(mutex);
    const AtFork at_fork{this, [](void* self) noexcept { static_cast<Unwatched*>(self)->forked(); }};

private:
    TENDRIL_NOT_ANALYZED void forked() noexcept {
        children.take_all([](ChildProcess& child) { delete &child; });  // the parent's
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

// Those that this OS thread's hub watches. Made after the hub, so it goes before it.
struct Watched {
    List<ChildProcess> children;
    std::uint64_t generation = fork_generation();
    bool gone = false;

    // Those of the parent, in the child of a fork(): they are nobody's here.
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
        (void)child.release();  // its hub may know it still
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
            } catch (...) {  // no memory, or no room in the backend: then by a sweep
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
