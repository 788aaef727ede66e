// SPDX-License-Identifier: MIT
//
// RecordCache: freed records by size, last in, first out, so that a warm spawn does not allocate. A record that is not
// reused goes back to the heap in two ages, as stacks do (context/stack_pool.hpp).

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tendril::detail {

class RecordCache {
public:
    static constexpr std::size_t kept_bytes = std::size_t{64} << 10;

    RecordCache() = default;
    RecordCache(const RecordCache&) = delete;
    RecordCache& operator=(const RecordCache&) = delete;
    ~RecordCache();

    void* allocate(std::size_t size);
    void free(void* memory, std::size_t size) noexcept;

    std::size_t bytes() const noexcept { return bytes_; }
    bool surplus() const noexcept { return bytes_ > kept_bytes; }

    // Marks the free records of each size as aged, unless some of that size still are.
    void age() noexcept;

    // Frees aged records, until the clock says until_ns. Returns: whether none is left, or there is no surplus.
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
};

}  // namespace tendril::detail
