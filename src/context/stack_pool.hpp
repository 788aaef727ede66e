// SPDX-License-Identifier: MIT
//
// StackPool: the stacks of one OS thread.
//
// Stacks are slots of large reserved regions, so that a million of them cost a handful of mappings. A slot:
//
//   base                                                                    base + size
//    | guard 16 KiB | ... the stack grows down ...          | StackTop | colour |
//                                                           ^ top()
//
// StackTop holds what must survive between two uses. The colour, 0 to 2 KiB in steps of a cache line by slot number,
// keeps the control blocks of many stacks from falling on the same cache sets.
//
// Freed stacks are used again last in, first out. trim() gives back the pages of those that have lain for a while,
// all but their topmost.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "context/sanitizer.hpp"

namespace tendril::detail {

// Who uses a stack; says so in the report of an overflow. describe() runs in a signal handler.
class StackOwner {
public:
    // Writes a text without a final newline, not longer than size; returns its length.
    virtual std::size_t describe(char* out, std::size_t size) const noexcept = 0;

protected:
    ~StackOwner() = default;
};

class StackPool;

struct alignas(64) StackTop {
    StackTop* next_free = nullptr;
    std::byte* base = nullptr;
    std::size_t size = 0;               // with the guard
    const StackOwner* owner = nullptr;  // nullptr: free
    StackBounds bounds;                 // the usable part

    // The end of the usable part; 64-byte aligned.
    std::byte* top() noexcept { return reinterpret_cast<std::byte*>(this); }
};

class StackPool {
public:
    static constexpr std::size_t default_size = std::size_t{256} << 10;
    static constexpr std::size_t minimum_size = std::size_t{32} << 10;
    static constexpr std::size_t maximum_size = std::size_t{1} << 30;
    static constexpr std::size_t colours = 32;
    static constexpr std::size_t colour_step = 64;  // a cache line

    StackPool() = default;
    StackPool(const StackPool&) = delete;
    StackPool& operator=(const StackPool&) = delete;
    ~StackPool();  // all stacks go, used or not

    // A stack of at least `size` bytes of address space, guard included; 0: default_size.
    // Throws: std::invalid_argument for a size out of bounds, std::system_error when the system gives no more.
    StackTop& acquire(std::size_t size, const StackOwner& owner);

    // The caller may still be running on it, if it does nothing afterwards but leave.
    void release(StackTop& stack) noexcept;

    // Gives back the pages of up to `most` free stacks, but for the `keep` last used of each size.
    // Returns: how many stacks were trimmed.
    std::size_t trim(std::size_t most, std::size_t keep) noexcept;

    // Gives back the pages of a used stack that lie wholly below `lowest`, which nobody uses.
    static void trim_below(StackTop& stack, const void* lowest) noexcept;

    // The used stack whose guard the address lies in, or nullptr. Async-signal-safe.
    const StackTop* guard_hit(const void* address) const noexcept;

    // Does the address lie in any of its stacks?
    bool holds(const void* address) const noexcept;

    // The stack that the address lies in, or nullptr.
    StackTop* find(const void* address) const noexcept;

    // Calls f(StackTop&) for each used stack. f must not acquire or release.
    template <class F>
    void for_each_used(F f) {
        for (Bin& bin : bins_) {
            for (Region& region : bin.regions) {
                for (std::size_t i = 0; i < region.used; ++i) {
                    if (StackTop& s = slot(region, bin.size, i); s.owner != nullptr) {
                        f(s);
                    }
                }
            }
        }
    }

    // Throws: std::invalid_argument unless size is 0 or within the bounds.
    static void check_size(std::size_t size) {
        if (size != 0 && (size < minimum_size || size > maximum_size)) [[unlikely]] {
            refuse_size(size);
        }
    }

    std::size_t used() const noexcept { return used_; }
    std::size_t free() const noexcept { return free_; }
    bool guards_cost_mappings() const noexcept { return by_mprotect_; }

private:
    friend struct StackPoolLayout;  // for debuggers
    struct Region {
        std::byte* base;
        std::size_t slots;
        std::size_t used;  // slots handed out at least once
    };
    struct Bin {  // all stacks of one size
        std::size_t size = 0;
        StackTop* hot = nullptr;      // free, newest first
        StackTop* trimmed = nullptr;  // free, pages given back
        std::vector<Region> regions;
    };

    static constexpr int smallest_log2 = 15;
    static constexpr int largest_log2 = 30;

    static StackTop& slot(const Region& region, std::size_t size, std::size_t index) noexcept;
    [[noreturn]] static void refuse_size(std::size_t size);
    StackTop& carve(Bin& bin);
    void add_region(Bin& bin);
    void guard(std::byte* base);

    std::array<Bin, largest_log2 - smallest_log2 + 1> bins_;
    std::size_t used_ = 0;
    std::size_t free_ = 0;
    bool by_mprotect_ = false;
};

}  // namespace tendril::detail
