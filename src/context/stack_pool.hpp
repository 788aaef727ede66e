// SPDX-License-Identifier: MIT
//
// StackPool: the stacks of one OS thread, in chunks (context/stack_chunk.hpp).
//
// Freed stacks are reused last in, first out: a warm acquire() pops a list. Those not reused go back to the system, in
// two ages. age() makes the free stacks "aged"; one that is reused loses its age when it is next freed; give_back()
// takes the aged ones apart, in slices. A chunk in which nothing is live is unmapped; in other chunks the pages are
// given back, and the slots are reused before new chunks are mapped. So the mapped memory follows the demand between
// two calls of age(), and kept_bytes stay in any case.
//
// A guard is a megabyte for the first stacks of each size, as large as a program's larger frames, and 64 KiB for the
// others: each page of a guard is an entry in the page tables, which a million stacks would notice. 64 KiB is also what
// -fstack-clash-protection relies on (on aarch64).
//
// Where many stacks are in use, those of a new chunk get their guards and first pages together: a third less to pay for
// each, and at most 31 pages too many.

#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "context/stack_chunk.hpp"

namespace tendril::detail {

class StackPool {
public:
    static constexpr std::size_t default_size = std::size_t{256} << 10;
    static constexpr std::size_t minimum_size = std::size_t{32} << 10;
    static constexpr std::size_t maximum_size = std::size_t{1} << 30;
    static constexpr std::size_t large_guard = std::size_t{1} << 20;
    static constexpr std::size_t small_guard = std::size_t{64} << 10;
    static constexpr std::size_t with_large_guard = 32;  // this many stacks of each size
    static constexpr std::size_t with_calls_each = 128;  // this many, then a chunk's worth is prepared at once
    static constexpr std::size_t many_bytes = std::size_t{4} << 20;  // free stacks that are worth giving back
    static constexpr std::size_t kept_bytes = std::size_t{1} << 20;  // free stacks, warm, that stay in any case

    StackPool() = default;
    StackPool(const StackPool&) = delete;
    StackPool& operator=(const StackPool&) = delete;
    ~StackPool();  // unmaps all stacks, used or not

    // What the size 0 stands for, as a power of two: default_size, unless set_default_stack_size() or the environment
    // says otherwise.
    static constinit std::atomic<int> chosen_log2;

    // Returns a stack of at least `size` bytes of address space, not counting its guard; 0: see above.
    // Throws: std::invalid_argument for a size out of bounds; std::system_error if the system provides no more.
    StackTop& acquire(std::size_t size, const StackOwner& owner);

    // Frees the stack. The caller may still be running on it, if it does nothing afterwards but leave it.
    void release(StackTop& stack) noexcept;

    // Whether more is free than many_bytes.
    bool surplus() const noexcept { return free_bytes_ > many_bytes; }

    // Marks the free stacks of each size as aged, unless some of that size still are.
    void age() noexcept;

    // Gives back aged stacks until the clock says until_ns; one step in any case.
    // Returns: whether none is left but kept_bytes, which then lie in the lowest chunks that have any.
    bool give_back(std::int64_t until_ns) noexcept;

    // Gives back the pages of a used stack that lie wholly below `lowest`. Requires: nothing uses them.
    static void trim_below(StackTop& stack, const void* lowest) noexcept;

    // Returns the used stack whose guard contains the address, or nullptr. Async-signal-safe, as the two below.
    const StackTop* guard_hit(const void* address) const noexcept;

    // Whether the address lies in any of its chunks.
    bool holds(const void* address) const noexcept { return chunk_at(address) != nullptr; }
    StackChunk* chunk_at(const void* address) const noexcept;
    const std::vector<StackChunk*>& chunks() const noexcept { return chunks_; }

    // Returns the stack, used or free and warm, that contains the address, its guard included; or nullptr.
    StackTop* find(const void* address) const noexcept;

    // Calls f(StackTop&) for each used stack. f must not acquire or release.
    template <class F>
    void for_each_used(F f) {
        for (const StackChunk* chunk : chunks_) {
            chunk->for_each_live([&](StackTop& stack) {
                if (stack.owner != nullptr) {
                    f(stack);
                }
            });
        }
    }

    // Throws: std::invalid_argument unless size is 0 or within the bounds.
    static void check_size(std::size_t size) {
        if (size != 0 && (size < minimum_size || size > maximum_size)) [[unlikely]] {
            refuse_size(size);
        }
    }

    std::size_t used() const noexcept { return used_; }
    std::size_t free() const noexcept { return live_ - used_; }  // free and warm
    std::size_t mapped_bytes() const noexcept { return mapped_; }
    bool guards_cost_mappings() const noexcept { return by_mprotect_; }

private:
    friend struct StackPoolLayout;    // for debuggers
    struct Bin {                      // all stacks of one size
        StackTop* hot = nullptr;      // free since the last age(), newest first
        StackTop* aged = nullptr;     // free since before, newest first
        List<StackChunk> open;        // chunks with a slot that is not live; those with a cold one come first
        std::size_t slots = 0;        // in all chunks
        StackChunk* spare = nullptr;  // the last in which nothing was live
    };

    static constexpr int smallest_log2 = 15;
    static constexpr int largest_log2 = 30;

    [[noreturn]] static void refuse_size(std::size_t size);
    StackTop& acquire_other(Bin& bin, std::size_t size);
    StackTop& carve(Bin& bin, std::size_t size);
    StackTop& take_from(Bin& bin, StackChunk& chunk) noexcept;
    void drop_all_but_one(Bin& bin, StackChunk& chunk) noexcept;
    void keep_some() noexcept;
    Bin& bin_of(std::size_t size) noexcept {
        return bins_[static_cast<std::size_t>(std::countr_zero(size) - smallest_log2)];
    }
    StackChunk& add_chunk(Bin& bin, std::size_t size);
    static std::byte* find_room() noexcept;
    std::byte* next_place() noexcept;
    void guard(std::byte* at, std::size_t size);
    bool take_apart(Bin& bin, std::int64_t until_ns) noexcept;
    bool discard(Bin& bin, std::int64_t until_ns) noexcept;
    void drop(Bin& bin, StackChunk& chunk) noexcept;
    std::vector<StackChunk*>::const_iterator place_of(const void* address) const noexcept;

    std::array<Bin, largest_log2 - smallest_log2 + 1> bins_;
    std::vector<StackChunk*> chunks_;  // owned; from the lowest address up
    std::size_t used_ = 0;
    std::size_t live_ = 0;        // used, or free and warm
    std::size_t free_bytes_ = 0;  // of the free ones
    std::size_t mapped_ = 0;
    std::size_t chunks_made_ = 0;
    std::byte* room_ = nullptr;  // the place to wish for while there is no chunk
    bool by_mprotect_ = false;
    bool one_by_one_ = false;  // the system cannot prepare a whole chunk
};

}  // namespace tendril::detail
