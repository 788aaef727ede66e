// SPDX-License-Identifier: MIT

#include "context/stack_pool.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "base/sys.hpp"

namespace tendril::detail {

namespace {

std::size_t page_size() noexcept {
    static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return size;
}

std::size_t guard_size() noexcept {
    return std::max<std::size_t>(std::size_t{16} << 10, page_size());
}

constexpr std::size_t largest_region = std::size_t{64} << 30;
}  // namespace

StackPool::~StackPool() {
    for (Bin& bin : bins_) {
        for (Region& region : bin.regions) {
            for (std::size_t i = 0; i < region.used; ++i) {
                retire_stack(slot(region, bin.size, i).bounds);
#ifdef TENDRIL_TSAN
                destroy_tsan_fiber(slot(region, bin.size, i).bounds.tsan_fiber);
#endif
            }
            sys::release_memory(region.base, region.slots * bin.size);
        }
    }
}

StackTop& StackPool::slot(const Region& region, std::size_t size, std::size_t index) noexcept {
    std::byte* end = region.base + (index + 1) * size;
    const std::size_t colour = index % colours * colour_step;
    return *reinterpret_cast<StackTop*>(end - colour - sizeof(StackTop));
}

void StackPool::refuse_size(std::size_t size) {
    throw std::invalid_argument("a stack size of " + std::to_string(size) +
                                " bytes is out of bounds: it must be at least " + std::to_string(minimum_size) +
                                " and at most " + std::to_string(maximum_size));
}

StackTop& StackPool::acquire(std::size_t size, const StackOwner& owner) {
    check_size(size);
    if (size == 0) {
        size = default_size;
    }
    const auto log2 = static_cast<int>(std::bit_width(size - 1));
    Bin& bin = bins_[static_cast<std::size_t>(log2 - smallest_log2)];
    StackTop* stack = bin.hot;
    if (stack != nullptr) [[likely]] {
        bin.hot = stack->next_free;
        --free_;
    } else if (bin.trimmed != nullptr) {
        stack = bin.trimmed;
        bin.trimmed = stack->next_free;
        --free_;
    } else {
        bin.size = std::size_t{1} << log2;
        stack = &carve(bin);
    }
    stack->owner = &owner;
    ++used_;
    begin_use(stack->bounds);
    return *stack;
}

StackTop& StackPool::carve(Bin& bin) {
    if (bin.regions.empty() || bin.regions.back().used == bin.regions.back().slots) {
        add_region(bin);
    }
    Region& region = bin.regions.back();
    std::byte* base = region.base + region.used * bin.size;
    guard(base);
    StackTop* top = new (&slot(region, bin.size, region.used)) StackTop;
    top->base = base;
    top->size = bin.size;
    top->bounds.bottom = base + guard_size();
    top->bounds.size = static_cast<std::size_t>(top->top() - (base + guard_size()));
    announce_stack(top->bounds);
    ++region.used;  // last: a guard that failed leaves the slot for the next try
    return *top;
}

void StackPool::add_region(Bin& bin) {
    // Each region doubles what the bin has, so that their number stays small; a region that the system refuses
    // (ulimit -v, vm.overcommit_memory=2) is tried again at half the size.
    std::size_t have = 0;
    for (const Region& region : bin.regions) {
        have += region.slots;
    }
    std::size_t slots = std::clamp<std::size_t>(have, 64, std::max<std::size_t>(largest_region / bin.size, 1));
    bin.regions.reserve(bin.regions.size() + 1);
    for (; slots > 0; slots /= 2) {
        if (void* p = sys::reserve_memory(slots * bin.size); p != nullptr) {
            bin.regions.push_back({static_cast<std::byte*>(p), slots, 0});
            return;
        }
    }
    throw std::system_error(ENOMEM, std::generic_category(),
                            "no address space for another stack of " + std::to_string(bin.size) + " bytes after " +
                                std::to_string(have) +
                                " of them; look at `ulimit -v` and vm.overcommit_memory, or ask for smaller stacks");
}

void StackPool::guard(std::byte* base) {
    if (!by_mprotect_) {
        const int r = sys::guard_install(base, guard_size());
        if (r == 0) {
            return;
        }
        by_mprotect_ = true;  // a kernel before 6.13, or one whose seccomp filter knows no such advice
    }
    if (const int r = sys::protect_none(base, guard_size()); r != 0) {
        throw std::system_error(
            -r, std::generic_category(),
            "cannot guard another stack after " + std::to_string(used_ + free_) +
                " of them: here each guard costs memory mappings, and vm.max_map_count limits them; raise it "
                "(sysctl -w vm.max_map_count=1048576) or use Linux 6.13 or later, where guards cost none");
    }
}

void StackPool::release(StackTop& stack) noexcept {
    Bin& bin = bins_[static_cast<std::size_t>(std::countr_zero(stack.size) - smallest_log2)];
    stack.owner = nullptr;
    stack.next_free = bin.hot;
    bin.hot = &stack;
    --used_;
    ++free_;
}

std::size_t StackPool::trim(std::size_t most, std::size_t keep) noexcept {
    std::size_t done = 0;
    for (Bin& bin : bins_) {
        StackTop** link = &bin.hot;
        for (std::size_t i = 0; i < keep && *link != nullptr; ++i) {
            link = &(*link)->next_free;
        }
        for (; *link != nullptr && done < most; ++done) {
            StackTop* stack = *link;
            *link = stack->next_free;
            trim_below(*stack, stack);  // the page that StackTop begins in stays, and so does what lies above it
            stack->next_free = bin.trimmed;
            bin.trimmed = stack;
        }
    }
    return done;
}

void StackPool::trim_below(StackTop& stack, const void* lowest) noexcept {
    std::byte* low = stack.base + guard_size();
    const std::uintptr_t high = reinterpret_cast<std::uintptr_t>(lowest) & ~(page_size() - 1);
    if (high > reinterpret_cast<std::uintptr_t>(low)) {
        sys::discard(low, high - reinterpret_cast<std::uintptr_t>(low));
    }
}

bool StackPool::holds(const void* address) const noexcept {
    const auto* a = static_cast<const std::byte*>(address);
    return std::any_of(bins_.begin(), bins_.end(), [a](const Bin& bin) {
        return std::any_of(bin.regions.begin(), bin.regions.end(), [&](const Region& region) {
            return a >= region.base && a < region.base + region.slots * bin.size;
        });
    });
}

StackTop* StackPool::find(const void* address) const noexcept {
    const auto* a = static_cast<const std::byte*>(address);
    for (const Bin& bin : bins_) {
        for (const Region& region : bin.regions) {
            if (a >= region.base && a < region.base + region.used * bin.size) {
                return &slot(region, bin.size, static_cast<std::size_t>(a - region.base) / bin.size);
            }
        }
    }
    return nullptr;
}

const StackTop* StackPool::guard_hit(const void* address) const noexcept {
    const StackTop* stack = find(address);
    const bool hit = stack != nullptr && stack->owner != nullptr && address < stack->base + guard_size();
    return hit ? stack : nullptr;
}

}  // namespace tendril::detail
