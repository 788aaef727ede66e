// SPDX-License-Identifier: MIT

#include "patch/green_pthread.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
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

// What it lies in. A block that is kept holds none.
struct GreenPthreads {
    struct Block {
        std::array<std::byte, GreenPthread::zeros> unseen;  // never written
        alignas(GreenPthread) std::array<std::byte, sizeof(GreenPthread)> place;
        bool used;

        GreenPthread& thread() noexcept { return *std::launder(reinterpret_cast<GreenPthread*>(place.data())); }
        static Block& of(pthread_t handle) noexcept { return *reinterpret_cast<Block*>(handle); }
    };
    static_assert(offsetof(Block, place) == GreenPthread::zeros);
    // Those that are kept are used again in the order in which they came, and not before there are a few: a number of a
    // thread that has ended should not be the next one's at once, as where a dead thread still owns a lock.
    static constexpr std::size_t least_kept = 16;
    static constexpr std::size_t most_kept = 256;

    Mutex mutex{Rank::parking_lot};
    std::unordered_set<const Block*> blocks TENDRIL_GUARDED_BY(mutex);  // those that hold one, and those that are kept
    std::array<Block*, most_kept> kept TENDRIL_GUARDED_BY(mutex){};     // a ring
    std::size_t first_kept TENDRIL_GUARDED_BY(mutex) = 0;
    std::size_t count_kept TENDRIL_GUARDED_BY(mutex) = 0;
    std::size_t running TENDRIL_GUARDED_BY(mutex) = 0;

    // Returns: a new one. Throws: std::bad_alloc.
    GreenPthread& make(void* (*run)(void*), void* with) {
        const HandlersLater later;
        const MutexLock lock(mutex);
        Block& block = count_kept > least_kept ? take_kept() : make_block();
        new (block.place.data()) GreenPthread(run, with);
        block.used = true;
        running += run != nullptr ? 1 : 0;
        return block.thread();
    }
    // Forgets it. The mutex is held.
    TENDRIL_NOT_ANALYZED void drop(GreenPthread& thread) noexcept {
        Block& block = Block::of(thread.handle());
        thread.~GreenPthread();
        block.used = false;
        if (count_kept < most_kept) {
            kept[(first_kept + count_kept++) % most_kept] = &block;
        } else {
            blocks.erase(&block);
            std::free(&block);
        }
    }

    static GreenPthreads& all() noexcept {
        static Immortal<GreenPthreads> one;
        return one.get();
    }

private:
    TENDRIL_NOT_ANALYZED Block& take_kept() noexcept {
        Block& block = *kept[first_kept];
        first_kept = (first_kept + 1) % most_kept;
        --count_kept;
        return block;
    }
    TENDRIL_NOT_ANALYZED Block& make_block() {
        std::unique_ptr<Block, void (*)(void*)> made(static_cast<Block*>(std::calloc(1, sizeof(Block))), &std::free);
        if (made == nullptr) {
            throw std::bad_alloc();
        }
        blocks.insert(made.get());
        return *made.release();
    }
};

GreenPthread::GreenPthread(void* (*run)(void*), void* with) noexcept
    : LocalValue{nullptr, own_key, &GreenPthread::end}, start(run), argument(with) {
    sigemptyset(&blocked);
    sigemptyset(&held_back);
}

GreenPthread* GreenPthread::make(void* (*run)(void*), void* with) {
    return &GreenPthreads::all().make(run, with);
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
            all.drop(*this);
        }
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
            self = GreenPthread::make();
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
        self->joining = Joining::detached;
        self->begin();
    }
    return self;
}

void discard(GreenPthread& thread) noexcept {
    GreenPthreads& all = GreenPthreads::all();
    const HandlersLater later;
    const MutexLock lock(all.mutex);
    all.running -= thread.start != nullptr ? 1 : 0;
    all.drop(thread);
}

TENDRIL_NOT_ANALYZED KnownThreads::KnownThreads() noexcept {
    GreenPthreads::all().mutex.lock();
}

TENDRIL_NOT_ANALYZED KnownThreads::~KnownThreads() {
    GreenPthreads::all().mutex.unlock();
}

TENDRIL_NOT_ANALYZED GreenPthread* KnownThreads::find(pthread_t thread) noexcept {
    auto* const block = reinterpret_cast<GreenPthreads::Block*>(thread);
    return GreenPthreads::all().blocks.contains(block) && block->used ? &block->thread() : nullptr;
}

TENDRIL_NOT_ANALYZED std::size_t KnownThreads::running() const noexcept {
    return GreenPthreads::all().running;
}

TENDRIL_NOT_ANALYZED void KnownThreads::free(GreenPthread& thread) noexcept {
    GreenPthreads::all().drop(thread);
}

const void* end_of_all() noexcept {
    return &GreenPthreads::all();
}

}  // namespace tendril::patch::detail
