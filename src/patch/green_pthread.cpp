// SPDX-License-Identifier: MIT

#include "patch/green_pthread.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <unordered_set>

#include <tendril/detail/base/mutex.hpp>

#include "base/libc.hpp"
#include "hub/here.hpp"
#include "patch/immortal.hpp"
#include "patch/parking_lot.hpp"

namespace tendril::patch::detail {

using namespace tendril::detail;

namespace {
constexpr std::uint64_t own_key = UINT64_MAX >> 1;  // no Local's: they are counted from 1
}

struct GreenPthreads {
    Mutex mutex{Rank::parking_lot};
    std::unordered_set<const GreenPthread*> known TENDRIL_GUARDED_BY(mutex);
    std::size_t running TENDRIL_GUARDED_BY(mutex) = 0;

    static GreenPthreads& all() noexcept {
        static Immortal<GreenPthreads> one;
        return one.get();
    }
    static void destroy(GreenPthread* thread) noexcept { delete thread; }
};

GreenPthread::GreenPthread(void* (*run)(void*), void* with)
    : LocalValue{nullptr, own_key, &GreenPthread::end}, start(run), argument(with) {
    sigemptyset(&blocked);
    sigemptyset(&held_back);
    GreenPthreads& all = GreenPthreads::all();
    const HandlersLater later;
    const MutexLock lock(all.mutex);
    all.known.insert(this);
    all.running += start != nullptr ? 1 : 0;
}

void GreenPthread::begin() noexcept {
    Fiber& fiber = here::fiber();
    os_thread = libc.pthread_self();
    id = fiber.id;
    stack = fiber.stack->bounds;
    older = fiber.locals;
    fiber.locals = this;
    if (start != nullptr) {
        here::outlive_hub(true);
    }
    GreenPthreads& all = GreenPthreads::all();
    const HandlersLater later;
    const MutexLock lock(all.mutex);
    has_begun = true;
}

// Destructors may set other values, so it is in the list of its green thread meanwhile.
void GreenPthread::destroy_values() noexcept {
    older = locals_here();
    locals_here() = this;
    thread_locals.destroy();
    values.destroy();
    thread_locals.destroy();
    thread_locals.free();
    LocalValue** link = &locals_here();
    while (*link != this) {
        link = &(*link)->older;
    }
    *link = older;
}

// A joiner may free it as soon as the mutex is free.
void GreenPthread::tell_joiners() noexcept {
    const pthread_t own = handle();
    bool last = false;
    bool frees = false;
    GreenPthreads& all = GreenPthreads::all();
    {
        const HandlersLater later;
        const MutexLock lock(all.mutex);
        has_ended = true;
        last = start != nullptr && --all.running == 0;
        frees = joining == Joining::detached;
        if (frees) {
            all.known.erase(this);
        }
    }
    if (frees) {
        GreenPthreads::destroy(this);
    }
    wake_all(end_of(own), Sought::completion);
    if (last) {
        wake_all(end_of_all(), Sought::completion);
    }
}

// The last that its green thread does with it.
void GreenPthread::end(LocalValue* value) noexcept {
    auto* const self = static_cast<GreenPthread*>(value);
    self->destroy_values();
    if (self->start != nullptr) {
        here::outlive_hub(false);
    }
    self->tell_joiners();
}

void GreenPthread::end_suspended() noexcept {
    LocalValue** link = &locals_here();
    while (*link != this) {
        link = &(*link)->older;
    }
    *link = older;
    tell_joiners();
}

GreenPthread* green_self_if_any() noexcept {
    const Scheduler* hub = Scheduler::if_any();
    if (hub == nullptr || hub->current->stack == nullptr) {
        return nullptr;
    }
    for (LocalValue* each = hub->current->locals; each != nullptr; each = each->older) {
        if (each->key == own_key) {
            return static_cast<GreenPthread*>(each);
        }
    }
    return nullptr;
}

bool is_other_than_main() noexcept {
    const Scheduler* hub = Scheduler::if_any();
    return hub != nullptr && hub->current->stack != nullptr;
}

GreenPthread* green_self() noexcept {
    GreenPthread* self = green_self_if_any();
    if (self == nullptr && is_other_than_main()) {
        try {
            self = new GreenPthread;
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
        self->joining = Joining::detached;
        self->begin();
    }
    return self;
}

void discard(GreenPthread& thread) noexcept {
    {
        GreenPthreads& all = GreenPthreads::all();
        const HandlersLater later;
        const MutexLock lock(all.mutex);
        all.known.erase(&thread);
        all.running -= thread.start != nullptr ? 1 : 0;
    }
    GreenPthreads::destroy(&thread);
}

TENDRIL_NOT_ANALYZED KnownThreads::KnownThreads() noexcept {
    GreenPthreads::all().mutex.lock();
}

TENDRIL_NOT_ANALYZED KnownThreads::~KnownThreads() {
    GreenPthreads::all().mutex.unlock();
}

TENDRIL_NOT_ANALYZED GreenPthread* KnownThreads::find(pthread_t thread) noexcept {
    auto* const wanted = reinterpret_cast<GreenPthread*>(thread);
    return GreenPthreads::all().known.contains(wanted) ? wanted : nullptr;
}

TENDRIL_NOT_ANALYZED std::size_t KnownThreads::running() const noexcept {
    return GreenPthreads::all().running;
}

TENDRIL_NOT_ANALYZED void KnownThreads::free(GreenPthread& thread) noexcept {
    GreenPthreads::all().known.erase(&thread);
    GreenPthreads::destroy(&thread);
}

const void* end_of_all() noexcept {
    return &GreenPthreads::all();
}

}  // namespace tendril::patch::detail
