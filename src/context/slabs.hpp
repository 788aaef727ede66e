// SPDX-License-Identifier: MIT
//
// Slabs: memory for objects of one size, in blocks of mapped memory of its own.
//
//   block, aligned to its size:  | list node, home, bitmap of idle places | object | object | ... |
//
// A block in which nothing is left is unmapped whole, with its page tables, except one that is kept for the next burst.
// The C library's heap cannot do so: what its caches keep of a burst lies scattered, and each piece holds a page and a
// page table. A block is found from an object's address. Used by one OS thread at a time.

#pragma once

#include <cstddef>
#include <cstdint>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

class Slabs {
public:
    static constexpr std::size_t block_bytes = std::size_t{256} << 10;
    static constexpr std::size_t kept_bytes = std::size_t{64} << 10;  // of the empty block that is kept
    static constexpr std::size_t granule = 64;

    // Requires: a multiple of granule, far smaller than a block.
    explicit Slabs(std::size_t object_bytes) noexcept : object_bytes_(object_bytes) {}
    Slabs(const Slabs&) = delete;
    Slabs& operator=(const Slabs&) = delete;
    ~Slabs();  // objects may outlive it

    // Returns memory aligned to granule, the lowest that is idle in a block in use. Throws: std::bad_alloc.
    void* allocate();

    // Frees what any Slabs gave. Requires: that one's OS thread.
    static void free(void* object) noexcept;

    // Gives back the pages on which nothing is in use, until the clock says until_ns; one block in any case.
    // Returns: whether all are given back.
    bool discard(std::int64_t until_ns) noexcept;

    std::size_t blocks() const noexcept { return blocks_; }

private:
    struct Block;
    Block& add_block();
    void settle(Block& block, bool was_dirty) noexcept;
    void unmap(Block& block) noexcept;

    const std::size_t object_bytes_;
    std::size_t blocks_ = 0;
    std::uint64_t blocks_made_ = 0;
    List<ListNode> open_;        // blocks with objects and idle places; those that discard() must look at come first
    List<ListNode> full_;        // the others
    Block* spare_ = nullptr;     // an empty one, in no list
    std::byte* wish_ = nullptr;  // where the next block is to lie
};

}  // namespace tendril::detail
