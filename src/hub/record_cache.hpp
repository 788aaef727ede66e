// SPDX-License-Identifier: MIT
//
// RecordCache: freed records by size, last in, first out, so that a warm spawn does not allocate. A record that is not
// reused goes back to its block (context/slabs.hpp) in two ages, as stacks do (context/stack_pool.hpp).

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "context/slabs.hpp"

namespace tendril::detail {

class RecordCache {
public:
    static constexpr std::size_t kept_bytes = std::size_t{64} << 10;

    RecordCache() = default;
    RecordCache(const RecordCache&) = delete;
    RecordCache& operator=(const RecordCache&) = delete;
    ~RecordCache();  // records in use may outlive it

    void* allocate(std::size_t size);
    void free(void* memory, std::size_t size) noexcept;

    // For a record that outlived its cache. Requires: the cache's OS thread.
    static void free_late(void* memory, std::size_t size) noexcept;

    std::size_t bytes() const noexcept { return bytes_; }
    bool surplus() const noexcept { return bytes_ > kept_bytes; }

    // Marks the free records of each size as aged, unless some of that size still are.
    void age() noexcept;

    // Gives back aged records and the pages that become idle, until the clock says until_ns. Returns: whether none is
    // left.
    bool give_back(std::int64_t until_ns) noexcept;

private:
    struct Block {
        Block* next;
    };
    static constexpr std::size_t step = 64;
    static constexpr std::size_t classes = 8;  // up to 512 bytes
    static constexpr std::size_t size_of(std::size_t index) noexcept { return (index + 1) * step; }
    void* allocate_other(std::size_t index);

    std::array<Block*, classes> free_{};
    std::size_t bytes_ = 0;  // free and aged
    std::array<Block*, classes> aged_{};
    std::array<Slabs, classes> slabs_{Slabs(step),     Slabs(2 * step), Slabs(3 * step), Slabs(4 * step),
                                      Slabs(5 * step), Slabs(6 * step), Slabs(7 * step), Slabs(8 * step)};
};

}  // namespace tendril::detail
