// SPDX-License-Identifier: MIT

#include "context/stack_pool.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <tendril/deadline.hpp>

#include "base/sys.hpp"

namespace tendril::detail {

namespace {

constexpr unsigned between_looks_at_the_clock = 32;  // stacks taken apart, at a few hundred nanoseconds each

bool time_is_up(std::int64_t until_ns) noexcept {
    return until_ns != INT64_MAX && Deadline::now_ns() >= until_ns;
}

}  // namespace

constinit std::atomic<int> StackPool::chosen_log2{std::countr_zero(default_size)};

StackPool::~StackPool() {
    for (StackChunk* chunk : chunks_) {
        StackChunk::unmap(*chunk);
    }
}

void StackPool::refuse_size(std::size_t size) {
    throw std::invalid_argument("a stack size of " + std::to_string(size) +
                                " bytes is out of bounds: it must be at least " + std::to_string(minimum_size) +
                                " and at most " + std::to_string(maximum_size));
}

StackTop& StackPool::acquire(std::size_t size, const StackOwner& owner) {
    check_size(size);
    const int log2 =
        size == 0 ? chosen_log2.load(std::memory_order_relaxed) : static_cast<int>(std::bit_width(size - 1));
    Bin& bin = bins_[static_cast<std::size_t>(log2 - smallest_log2)];
    StackTop* stack = bin.hot;
    if (stack != nullptr) [[likely]] {
        bin.hot = stack->next_free;
        free_bytes_ -= stack->size;
    } else {
        stack = &acquire_other(bin, std::size_t{1} << log2);
    }
    stack->owner = &owner;
    ++used_;
    begin_use(stack->bounds);
    return *stack;
}

StackTop& StackPool::acquire_other(Bin& bin, std::size_t size) {
    if (StackTop* stack = bin.aged; stack != nullptr) {
        bin.aged = stack->next_free;
        free_bytes_ -= size;
        return *stack;
    }
    return carve(bin, size);
}

StackTop& StackPool::carve(Bin& bin, std::size_t size) {
    StackChunk* chunk = bin.open.front();
    if (chunk == nullptr) {
        chunk = &add_chunk(bin, size);
        if (bin.slots > with_calls_each && !by_mprotect_ && !one_by_one_) {
            one_by_one_ = !chunk->prepare_all();
        }
    }
    if (const unsigned slot = chunk->next(); !chunk->guarded(slot)) {
        guard(chunk->guard_of(slot), chunk->guard());
        chunk->set_guarded(slot);
    }
    return take_from(bin, *chunk);
}

StackTop& StackPool::take_from(Bin& bin, StackChunk& chunk) noexcept {
    const bool was_cold = chunk.any_cold();
    StackTop& stack = chunk.take();
    if (chunk.full()) {
        chunk.unlink();
    } else if (was_cold && !chunk.any_cold()) {
        chunk.unlink();
        bin.open.push_back(chunk);
    }
    ++live_;
    return stack;
}

// Where few programs have anything: each pool of the process has 64 GiB of addresses for itself, far below what the
// system has mapped so far. They are not reserved, since a reservation counts against `ulimit -v`, and qemu-user keeps
// a record of each page of it. nullptr: there are too few addresses.
std::byte* StackPool::find_room() noexcept {
    constexpr std::uintptr_t room = std::uintptr_t{64} << 30;
    static std::atomic<unsigned> given{0};
    const std::uintptr_t top = reinterpret_cast<std::uintptr_t>(sys::free_addresses(1)) / room;
    const std::uintptr_t rooms = top / 2;  // the lower half is the program's and its heap's
    return rooms == 0 ? nullptr : reinterpret_cast<std::byte*>((top - 1 - given++ % rooms) * room);
}

// Above all others. So chunks lie one after another, and so do stacks that are taken one after another: ten thousand
// that wait for one event are woken a quarter faster than where each chunk lies below the one before, which is how the
// system would place them (docs/design/0015).
std::byte* StackPool::next_place() noexcept {
    if (!chunks_.empty()) {
        return chunks_.back()->base() + chunks_.back()->bytes();
    }
    if (room_ == nullptr) {
        room_ = find_room();
    }
    return room_;
}

StackChunk& StackPool::add_chunk(Bin& bin, std::size_t size) {
    std::size_t guard = bin.slots < with_large_guard ? large_guard : small_guard;
    chunks_.reserve(std::bit_ceil(chunks_.size() + 1));
    std::byte* const wish = next_place();
    // One that the system refuses (ulimit -v, vm.overcommit_memory=2) is tried again with half as many stacks and
    // small guards.
    for (unsigned slots = StackChunk::usual_slots(size); slots > 0; slots /= 2, guard = small_guard) {
        if (auto chunk = StackChunk::map(size, guard, slots, chunks_made_, wish); chunk != nullptr) {
            ++chunks_made_;
            bin.slots += slots;
            mapped_ += chunk->bytes();
            bin.open.push_back(*chunk);
            const auto place = place_of(chunk->base());
            return **chunks_.insert(place, chunk.release());
        }
    }
    throw std::system_error(ENOMEM, std::generic_category(),
                            "no address space for another stack of " + std::to_string(size) + " bytes after " +
                                std::to_string(bin.slots) +
                                " of them; look at `ulimit -v` and vm.overcommit_memory, or ask for smaller stacks");
}

void StackPool::guard(std::byte* at, std::size_t size) {
    if (!by_mprotect_) {
        const int r = sys::guard_install(at, size);
        if (r == 0) {
            return;
        }
        by_mprotect_ = true;  // a kernel before 6.13, or a seccomp filter that does not know this advice
    }
    if (const int r = sys::protect_none(at, size); r != 0) {
        throw std::system_error(
            -r, std::generic_category(),
            "cannot guard another stack after " + std::to_string(live_) +
                " of them: here each guard costs memory mappings, and vm.max_map_count limits them; raise it "
                "(sysctl -w vm.max_map_count=1048576) or use Linux 6.13 or later, where guards cost none");
    }
}

void StackPool::release(StackTop& stack) noexcept {
    Bin& bin = bin_of(stack.size);
    stack.owner = nullptr;
    stack.next_free = bin.hot;
    bin.hot = &stack;
    --used_;
    free_bytes_ += stack.size;
}

void StackPool::age() noexcept {
    for (Bin& bin : bins_) {
        if (bin.aged == nullptr) {
            bin.aged = std::exchange(bin.hot, nullptr);
        }
    }
}

bool StackPool::give_back(std::int64_t until_ns) noexcept {
    if (!std::all_of(bins_.rbegin(), bins_.rend(), [&](Bin& bin) { return take_apart(bin, until_ns); })) {
        return false;
    }
    keep_some();
    return std::all_of(bins_.rbegin(), bins_.rend(), [&](Bin& bin) { return discard(bin, until_ns); });
}

// Makes all aged stacks cold, and unmaps chunks in which nothing else is left, except one.
// Returns: false when time is up.
bool StackPool::take_apart(Bin& bin, std::int64_t until_ns) noexcept {
    for (unsigned n = 1; bin.aged != nullptr; ++n) {
        StackTop& stack = *bin.aged;
        bin.aged = stack.next_free;
        free_bytes_ -= stack.size;
        --live_;
        StackChunk& chunk = *stack.chunk;
        chunk.set_aside(stack);
        chunk.unlink();
        bin.open.push_front(chunk);
        const bool whole = !chunk.any_live() && chunk.slots() > 1;  // a single stack may be large: see discard()
        if (whole) {
            drop_all_but_one(bin, chunk);
        }
        if ((whole || n % between_looks_at_the_clock == 0) && time_is_up(until_ns)) {
            return false;
        }
    }
    return true;
}

// Of two chunks in which nothing is live, spares the one that has more of kept_bytes, or else the lower one.
void StackPool::drop_all_but_one(Bin& bin, StackChunk& chunk) noexcept {
    StackChunk* const other = bin.spare;
    bin.spare = &chunk;
    if (other == nullptr || other == &chunk || other->any_live()) {
        return;
    }
    const auto worth = [](const StackChunk& c) { return std::min(c.cold_slots() * c.size(), kept_bytes); };
    if (worth(*other) > worth(chunk) || (worth(*other) == worth(chunk) && other->base() < chunk.base())) {
        bin.spare = other;
        drop(bin, chunk);
    } else {
        drop(bin, *other);
    }
}

// Warms kept_bytes again, whose pages are still there: from the lowest chunks, so that they share page tables. Those
// that were freed first may lie scattered, each in a chunk of its own.
void StackPool::keep_some() noexcept {
    const bool any = std::any_of(bins_.begin(), bins_.end(), [](Bin& bin) {
        const StackChunk* const first = bin.open.front();  // those with a cold slot come first
        return first != nullptr && first->any_cold();
    });
    if (!any) {
        return;  // without a look at each chunk: a slice is to be short
    }
    for (StackChunk* chunk : chunks_) {
        if (free_bytes_ + minimum_size > kept_bytes) {
            return;
        }
        while (chunk->any_cold() && free_bytes_ + chunk->size() <= kept_bytes) {
            Bin& bin = bin_of(chunk->size());
            StackTop& stack = take_from(bin, *chunk);
            stack.next_free = bin.aged;
            bin.aged = &stack;
            free_bytes_ += stack.size;
        }
    }
}

// Gives back the cold slots of chunks that are still in use. Returns: false when time is up.
bool StackPool::discard(Bin& bin, std::int64_t until_ns) noexcept {
    while (StackChunk* chunk = bin.open.front()) {
        if (!chunk->any_cold()) {
            break;
        }
        if (chunk->discard_cold()) {
            chunk->unlink();
            if (chunk->any_live()) {
                bin.open.push_back(*chunk);
            } else {
                drop(bin, *chunk);
            }
        }
        if (time_is_up(until_ns)) {
            return false;
        }
    }
    return true;
}

void StackPool::drop(Bin& bin, StackChunk& chunk) noexcept {
    if (bin.spare == &chunk) {
        bin.spare = nullptr;
    }
    bin.slots -= chunk.slots();
    mapped_ -= chunk.bytes();
    chunks_.erase(place_of(chunk.base()));
    StackChunk::unmap(chunk);
    if (chunks_.size() < chunks_.capacity() / 4) {
        chunks_.shrink_to_fit();
    }
}

void StackPool::trim_below(StackTop& stack, const void* lowest) noexcept {
    const auto low = reinterpret_cast<std::uintptr_t>(stack.bounds.bottom);
    const std::uintptr_t high = reinterpret_cast<std::uintptr_t>(lowest) & ~(sys::page_size() - 1);
    if (high > low) {
        sys::discard(const_cast<void*>(stack.bounds.bottom), high - low);
    }
}

// Returns the first chunk that does not lie wholly below the address.
std::vector<StackChunk*>::const_iterator StackPool::place_of(const void* address) const noexcept {
    return std::partition_point(chunks_.begin(), chunks_.end(),
                                [&](const StackChunk* chunk) { return chunk->base() + chunk->bytes() <= address; });
}

StackChunk* StackPool::chunk_at(const void* address) const noexcept {
    const auto it = place_of(address);
    return it != chunks_.end() && (*it)->contains(address) ? *it : nullptr;
}

StackTop* StackPool::find(const void* address) const noexcept {
    const StackChunk* chunk = chunk_at(address);
    return chunk != nullptr ? chunk->find(address) : nullptr;
}

const StackTop* StackPool::guard_hit(const void* address) const noexcept {
    const StackTop* stack = find(address);
    const bool hit = stack != nullptr && stack->owner != nullptr && address < stack->bounds.bottom;
    return hit ? stack : nullptr;
}

}  // namespace tendril::detail
