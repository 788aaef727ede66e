// SPDX-License-Identifier: MIT
//
// StackChunk: several stacks of one size in one mapping. The unit in which a StackPool takes address space from the
// system and gives it back, with its pages, page tables and guards.
//
//   base()                          slot 0 | slot 1                                        slot n-1 |
//    | guard | ... stack grows down ... | StackTop | colour | guard | ...                            |
//            ^ bounds.bottom            ^ top()
//
// StackTop holds the data that must survive between two uses. The colour, 0 to 2 KiB in steps of a cache line by slot
// number, keeps the control blocks of many stacks from sharing the same cache sets.
//
// A slot is
//   live   in use, or free and warm: its StackTop is valid
//   cold   its StackTop is gone, its pages are still there
//   bare   it has no pages, and as a rule no guard and no page tables either: as it was when the chunk was mapped

#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <tendril/detail/base/check.hpp>
#include <tendril/detail/base/list.hpp>

#include "context/sanitizer.hpp"

namespace tendril::detail {

// The user of a stack, which describes itself in the report of an overflow. describe() runs in a signal handler.
class StackOwner {
public:
    // Writes a text without a final newline, at most size bytes. Returns: its length.
    virtual std::size_t describe(char* out, std::size_t size) const noexcept = 0;

protected:
    ~StackOwner() = default;
};

class StackChunk;

struct alignas(64) StackTop {
    StackTop* next_free = nullptr;
    std::size_t size = 0;               // without the guard: a power of two
    const StackOwner* owner = nullptr;  // nullptr: free
    StackChunk* chunk = nullptr;
    StackBounds bounds;  // the usable part

    // Returns the end of the usable part; 64-byte aligned.
    std::byte* top() noexcept { return reinterpret_cast<std::byte*>(this); }
};

class StackChunk : public ListNode {
public:
    static constexpr unsigned most_slots = 32;
    static constexpr std::size_t colours = 32;
    static constexpr std::size_t colour_step = 64;  // a cache line

    // Returns how many stacks of `size` bytes a chunk usually has.
    static unsigned usual_slots(std::size_t size) noexcept;

    // At `wish`, where that is free. `number` is its place in the sequence of its pool's chunks, which decides its
    // colours. Returns: nullptr when the system refuses the address space. Throws: std::bad_alloc.
    static std::unique_ptr<StackChunk> map(std::size_t size, std::size_t guard, unsigned slots, std::size_t number,
                                           std::byte* wish = nullptr);
    static void unmap(StackChunk& made_by_map) noexcept;
    ~StackChunk();  // unmaps the stacks, used or not
    StackChunk(const StackChunk&) = delete;
    StackChunk& operator=(const StackChunk&) = delete;

    std::byte* base() const noexcept { return base_; }
    std::size_t bytes() const noexcept { return slot_size() * slots_; }
    std::size_t size() const noexcept { return size_; }
    std::size_t guard() const noexcept { return guard_; }
    unsigned slots() const noexcept { return slots_; }
    bool contains(const void* at) const noexcept {
        return at >= base_ && static_cast<const std::byte*>(at) < base_ + bytes();
    }

    bool full() const noexcept { return live_ == all(); }
    bool any_live() const noexcept { return live_ != 0; }
    bool any_cold() const noexcept { return cold_ != 0; }
    unsigned cold_slots() const noexcept { return static_cast<unsigned>(std::popcount(cold_)); }

    // Returns the slot that take() will make live, a cold one if there is one. Requires: !full().
    unsigned next() const noexcept {
        TENDRIL_ASSERT(!full());
        return static_cast<unsigned>(std::countr_zero(cold_ != 0 ? cold_ : all() & ~live_));
    }
    // Guards all slots, and gives each the page that its first user needs, in two system calls. Requires: no slot was
    // taken yet. Returns: false if the system cannot, and then some may have a guard.
    bool prepare_all() noexcept;

    bool guarded(unsigned slot) const noexcept { return (guarded_ & bit(slot)) != 0; }
    void set_guarded(unsigned slot) noexcept { guarded_ |= bit(slot); }
    std::byte* guard_of(unsigned slot) const noexcept { return base_ + slot * slot_size(); }
    StackTop& take() noexcept;

    // Makes a free live stack cold: its StackTop no longer exists.
    void set_aside(StackTop& stack) noexcept;

    // Gives back the pages of cold slots, at most some megabytes at a time. Returns: whether none is left.
    bool discard_cold() noexcept;

    // Returns the live stack that contains the address, its guard included, or nullptr.
    StackTop* find(const void* at) const noexcept;

    // What Hibernation has packed away of the stack that contains the address; nullptr: nothing. Neither touches it.
    void* packed(const void* at) const noexcept { return packed_ != nullptr ? (*packed_)[slot_at(at)] : nullptr; }
    void set_packed(const void* at, void* what) {  // Throws: std::bad_alloc, unless there was one in this chunk before
        if (packed_ == nullptr) {
            packed_ = std::make_unique<std::array<void*, most_slots>>();
        }
        (*packed_)[slot_at(at)] = what;
    }

    // Calls f(StackTop&) for each live stack, free or not; touches none.
    template <class F>
    void for_each_live(F f) const {
        for (std::uint32_t left = live_; left != 0; left &= left - 1) {
            f(top_of(static_cast<unsigned>(std::countr_zero(left))));
        }
    }

private:
    friend struct StackPoolLayout;  // for debuggers
    StackChunk(std::byte* base, std::size_t size, std::size_t guard, unsigned slots, std::size_t number) noexcept
        : base_(base), size_(size), guard_(guard), slots_(slots), first_colour_(number * slots % colours) {}

    static std::uint32_t bit(unsigned slot) noexcept { return std::uint32_t{1} << slot; }
    std::uint32_t all() const noexcept { return ~std::uint32_t{0} >> (most_slots - slots_); }
    std::size_t slot_size() const noexcept { return guard_ + size_; }
    unsigned slot_at(const void* at) const noexcept {
        return static_cast<unsigned>(static_cast<std::size_t>(static_cast<const std::byte*>(at) - base_) / slot_size());
    }
    StackTop& top_of(unsigned slot) const noexcept;

    std::byte* const base_;
    const std::size_t size_;   // of each stack
    const std::size_t guard_;  // of each guard
    const unsigned slots_;
    const std::size_t first_colour_;
    std::uint32_t live_ = 0;
    std::uint32_t cold_ = 0;
    std::uint32_t guarded_ = 0;
    std::size_t discarded_ = 0;  // bytes given back of a single large slot, which goes piece by piece
    std::unique_ptr<std::array<void*, most_slots>> packed_;
};

}  // namespace tendril::detail
