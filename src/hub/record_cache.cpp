// SPDX-License-Identifier: MIT

#include "hub/record_cache.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include <tendril/deadline.hpp>

#include "context/sanitizer.hpp"

namespace tendril::detail {

namespace {
#ifdef TENDRIL_ASAN
constexpr bool cached = false;  // so that ASan sees a use after free
#else
constexpr bool cached = true;
#endif
}  // namespace

RecordCache::~RecordCache() {
    for (auto* list : {&free_, &aged_}) {
        for (Block* block : *list) {
            while (block != nullptr) {
                Slabs::free(std::exchange(block, block->next));
            }
        }
    }
}

void* RecordCache::allocate(std::size_t size) {
    const std::size_t index = (size - 1) / step;
    if (index >= classes) {
        return ::operator new(size);
    }
    if (Block* block = free_[index]; block != nullptr) {
        free_[index] = block->next;
        bytes_ -= size_of(index);
        return block;
    }
    return allocate_other(index);
}

void* RecordCache::allocate_other(std::size_t index) {
    if (Block* block = aged_[index]; block != nullptr) {
        aged_[index] = block->next;
        bytes_ -= size_of(index);
        return block;
    }
    return cached ? slabs_[index].allocate() : ::operator new(size_of(index));
}

void RecordCache::free(void* memory, std::size_t size) noexcept {
    const std::size_t index = (size - 1) / step;
    if (!cached || index >= classes) {
        ::operator delete(memory);
        return;
    }
    free_[index] = ::new (memory) Block{free_[index]};
    bytes_ += size_of(index);
}

void RecordCache::free_late(void* memory, std::size_t size) noexcept {
    if (!cached || (size - 1) / step >= classes) {
        ::operator delete(memory);
    } else {
        Slabs::free(memory);
    }
}

void RecordCache::age() noexcept {
    for (std::size_t i = 0; i < classes; ++i) {
        if (aged_[i] == nullptr) {
            aged_[i] = std::exchange(free_[i], nullptr);
        }
    }
}

// All of them, also where kept_bytes would suffice: those that were left would lie scattered, each holding its block.
// What is kept is in Slabs.
bool RecordCache::give_back(std::int64_t until_ns) noexcept {
    constexpr unsigned between_looks_at_the_clock = 64;
    for (std::size_t i = 0; i < classes; ++i) {
        for (unsigned n = 1; aged_[i] != nullptr; ++n) {
            Slabs::free(std::exchange(aged_[i], aged_[i]->next));
            bytes_ -= size_of(i);
            if (n % between_looks_at_the_clock == 0 && Deadline::now_ns() >= until_ns) {
                return false;
            }
        }
    }
    return std::all_of(slabs_.begin(), slabs_.end(), [&](Slabs& slabs) { return slabs.discard(until_ns); });
}

}  // namespace tendril::detail
