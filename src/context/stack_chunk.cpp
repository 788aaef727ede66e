// SPDX-License-Identifier: MIT

#include "context/stack_chunk.hpp"

#include <algorithm>
#include <new>

#include "base/sys.hpp"

namespace tendril::detail {

namespace {

constexpr std::size_t usual_bytes = std::size_t{8} << 20;  // of stacks; unmapping that many takes well below 1 ms

void retire(StackTop& stack) noexcept {
    retire_stack(stack.bounds);
#ifdef TENDRIL_TSAN
    destroy_tsan_fiber(stack.bounds.tsan_fiber);
#endif
}

}  // namespace

unsigned StackChunk::usual_slots(std::size_t size) noexcept {
    return static_cast<unsigned>(std::clamp<std::size_t>(usual_bytes / size, 1, most_slots));
}

std::unique_ptr<StackChunk> StackChunk::map(std::size_t size, std::size_t guard, unsigned slots, std::size_t number,
                                            std::byte* wish) {
    const std::size_t bytes = (guard + size) * slots;
    void* base = sys::reserve_memory(bytes, wish);
    if (base == nullptr) {
        return nullptr;
    }
    auto* chunk = new (std::nothrow) StackChunk(static_cast<std::byte*>(base), size, guard, slots, number);
    if (chunk == nullptr) {
        sys::release_memory(base, bytes);
        throw std::bad_alloc();
    }
    return std::unique_ptr<StackChunk>(chunk);
}

void StackChunk::unmap(StackChunk& made_by_map) noexcept {
    delete &made_by_map;
}

StackChunk::~StackChunk() {
    for_each_live([](StackTop& stack) { retire(stack); });
    if (sys::release_memory(base_, bytes()) < 0) {  // vm.max_map_count: unmapping would cut one mapping into two
        sys::discard(base_, bytes());
    }
}

StackTop& StackChunk::top_of(unsigned slot) const noexcept {
    const std::size_t colour = (first_colour_ + slot) % colours * colour_step;
    return *reinterpret_cast<StackTop*>(base_ + (slot + 1) * slot_size() - colour - sizeof(StackTop));
}

bool StackChunk::prepare_all() noexcept {
    TENDRIL_ASSERT(live_ == 0 && cold_ == 0 && guarded_ == 0);
    if (sys::guard_install_each(base_, slot_size(), guard_, slots_) != 0) {
        return false;
    }
    guarded_ = all();
    const std::size_t page = sys::page_size();
    static_cast<void>(sys::populate_each(base_ + slot_size() - page, slot_size(), page, slots_));  // else by faults
    return true;
}

StackTop& StackChunk::take() noexcept {
    const unsigned slot = next();
    live_ |= bit(slot);
    cold_ &= ~bit(slot);
    discarded_ = 0;
    auto* top = new (&top_of(slot)) StackTop;
    std::byte* bottom = guard_of(slot) + guard_;
    top->size = size_;
    top->chunk = this;
    top->bounds.bottom = bottom;
    top->bounds.size = static_cast<std::size_t>(top->top() - bottom);
    announce_stack(top->bounds);
    return *top;
}

void StackChunk::set_aside(StackTop& stack) noexcept {
    retire(stack);
    const unsigned slot = slot_at(&stack);
    live_ &= ~bit(slot);
    cold_ |= bit(slot);
}

// Neighbours go together, in a mapping anew: only so their page tables go too, which are mostly their guards'.
bool StackChunk::discard_cold() noexcept {
    if (slots_ == 1 && size_ > usual_bytes) {
        const std::size_t piece = std::min(usual_bytes, size_ - discarded_);
        sys::discard(base_ + guard_ + discarded_, piece);
        discarded_ += piece;
        cold_ = discarded_ < size_ ? cold_ : 0;
        return cold_ == 0;
    }
    while (cold_ != 0) {
        const auto first = static_cast<unsigned>(std::countr_zero(cold_));
        const auto run = static_cast<unsigned>(std::countr_one(cold_ >> first));
        const std::uint32_t slots = run == most_slots ? ~std::uint32_t{0} : (bit(run) - 1) << first;
        if (sys::renew_memory(guard_of(first), run * slot_size()) == 0) {
            guarded_ &= ~slots;
        } else {  // vm.max_map_count: the new mapping would cut one into three
            sys::discard(guard_of(first) + guard_, run * slot_size() - guard_);
        }
        cold_ &= ~slots;
    }
    return true;
}

StackTop* StackChunk::find(const void* at) const noexcept {
    const unsigned slot = slot_at(at);
    return (live_ & bit(slot)) != 0 ? &top_of(slot) : nullptr;
}

}  // namespace tendril::detail
