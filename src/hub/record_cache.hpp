// SPDX-License-Identifier: MIT
//
// RecordCache: freed records by size, last in, first out, so that a warm spawn does not allocate.

#pragma once

#include <array>
#include <cstddef>

namespace tendril::detail {

class RecordCache {
public:
    RecordCache() = default;
    RecordCache(const RecordCache&) = delete;
    RecordCache& operator=(const RecordCache&) = delete;
    ~RecordCache();

    void* allocate(std::size_t size);
    void free(void* memory, std::size_t size) noexcept;

private:
    struct Block {
        Block* next;
    };
    static constexpr std::size_t step = 64;
    static constexpr std::size_t classes = 8;  // up to 512 bytes
    std::array<Block*, classes> free_{};
};

}  // namespace tendril::detail
