// SPDX-License-Identifier: MIT

#include "context/slabs.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/check.hpp>

#include "base/sys.hpp"

namespace tendril::detail {

// The first bytes of the block that it describes.
struct Slabs::Block : ListNode {
    static constexpr unsigned word_bits = 64;

    Slabs* home;                 // nullptr: it has ended
    const std::uint64_t number;  // in the order in which home made them
    const std::size_t object_bytes;
    const unsigned places;
    unsigned used = 0;
    bool dirty = false;       // something was freed since the idle pages were given back
    unsigned first_word = 0;  // of `idle`; those before are 0
    std::array<std::uint64_t, block_bytes / granule / word_bits> idle{};

    Block(Slabs& of, std::size_t bytes, std::uint64_t n) noexcept
        : home(&of), number(n), object_bytes(bytes),
          places(static_cast<unsigned>((block_bytes - sizeof_header()) / bytes)) {
        for (unsigned i = 0; i < places; ++i) {
            idle[i / word_bits] |= bit(i);
        }
    }

    static Block& of(void* object) noexcept {
        return *reinterpret_cast<Block*>(reinterpret_cast<std::uintptr_t>(object) & ~(block_bytes - 1));
    }
    static constexpr std::size_t sizeof_header() noexcept { return (sizeof(Block) + granule - 1) / granule * granule; }
    static std::uint64_t bit(unsigned place) noexcept { return std::uint64_t{1} << place % word_bits; }

    std::byte* base() noexcept { return reinterpret_cast<std::byte*>(this); }
    std::size_t offset(unsigned place) const noexcept { return sizeof_header() + place * object_bytes; }
    bool is_idle(unsigned place) const noexcept { return (idle[place / word_bits] & bit(place)) != 0; }

    // Requires: used < places.
    void* take() noexcept {
        TENDRIL_ASSERT(used < places);
        while (idle[first_word] == 0) {
            ++first_word;
        }
        std::uint64_t& word = idle[first_word];
        const unsigned place = first_word * word_bits + static_cast<unsigned>(std::countr_zero(word));
        word &= word - 1;
        ++used;
        return base() + offset(place);
    }

    void put(void* object) noexcept {
        const auto at = static_cast<std::size_t>(static_cast<std::byte*>(object) - base());
        const auto place = static_cast<unsigned>((at - sizeof_header()) / object_bytes);
        TENDRIL_ASSERT(offset(place) == at && !is_idle(place));
        idle[place / word_bits] |= bit(place);
        first_word = std::min(first_word, place / word_bits);
        --used;
    }

    // Gives back the pages of idle places. An empty block keeps kept_bytes.
    void discard_idle() noexcept {
        const std::size_t page = sys::page_size();
        const std::size_t from = used == 0 ? kept_bytes : 0;
        for (unsigned first = 0, end = 0; first < places; first = end + 1) {
            for (end = first; end < places && is_idle(end); ++end) {
            }
            const std::size_t low = (std::max(offset(first), from) + page - 1) & ~(page - 1);
            const std::size_t high = end == places ? block_bytes : offset(end) & ~(page - 1);
            if (low < high) {
                sys::discard(base() + low, high - low);
            }
        }
        dirty = false;
    }
};

namespace {

// Maps memory aligned to its size. Returns: nullptr when the system refuses.
std::byte* map_aligned(std::size_t size, std::byte* wish) noexcept {
    const auto misaligned = [size](const void* at) { return reinterpret_cast<std::uintptr_t>(at) & (size - 1); };
    auto* at = static_cast<std::byte*>(sys::reserve_memory(size, wish));
    if (at == nullptr || misaligned(at) == 0) {
        return at;
    }
    sys::release_memory(at, size);
    at = static_cast<std::byte*>(sys::reserve_memory(2 * size));
    if (at == nullptr) {
        return nullptr;
    }
    const std::size_t before = misaligned(at) == 0 ? 0 : size - misaligned(at);
    if (before != 0) {
        sys::release_memory(at, before);
    }
    sys::release_memory(at + before + size, size - before);
    return at + before;
}

void release(void* block) noexcept {
    if (sys::release_memory(block, Slabs::block_bytes) < 0) {  // vm.max_map_count: it would cut one mapping into two
        sys::discard(block, Slabs::block_bytes);
    }
}

}  // namespace

Slabs::~Slabs() {
    if (spare_ != nullptr) {
        unmap(*spare_);
    }
    for (auto* list : {&open_, &full_}) {
        while (ListNode* node = list->pop_front()) {
            static_cast<Block*>(node)->home = nullptr;  // its last object unmaps it
        }
    }
}

void* Slabs::allocate() {
    if (open_.empty()) {
        open_.push_back(spare_ != nullptr ? *std::exchange(spare_, nullptr) : add_block());
    }
    Block& block = static_cast<Block&>(*open_.front());
    void* const object = block.take();
    if (block.used == block.places) {
        block.unlink();
        full_.push_back(block);
        block.dirty = false;
    }
    return object;
}

Slabs::Block& Slabs::add_block() {
    std::byte* const at = map_aligned(block_bytes, wish_);
    if (at == nullptr) {
        throw std::bad_alloc();
    }
    ++blocks_;
    wish_ = at - block_bytes;
    return *::new (at) Block(*this, object_bytes_, blocks_made_++);
}

void Slabs::free(void* object) noexcept {
    Block& block = Block::of(object);
    const bool was_dirty = std::exchange(block.dirty, true);
    block.put(object);
    if (block.home != nullptr) {
        block.home->settle(block, was_dirty);
    } else if (block.used == 0) {
        release(&block);
    }
}

// Puts a block in which a place became idle where it belongs. Of empty ones the oldest is kept, which lies next to what
// the process mapped at its start: so their page tables are the same.
void Slabs::settle(Block& block, bool was_dirty) noexcept {
    if (block.used != 0) {
        if (!was_dirty) {  // else it already is among the first
            block.unlink();
            open_.push_front(block);
        }
        return;
    }
    block.unlink();
    if (spare_ == nullptr) {
        spare_ = &block;
    } else {
        unmap(block.number < spare_->number ? *std::exchange(spare_, &block) : block);
    }
}

void Slabs::unmap(Block& block) noexcept {
    --blocks_;
    wish_ = std::max(wish_, block.base());
    release(&block);
}

bool Slabs::discard(std::int64_t until_ns) noexcept {
    if (spare_ != nullptr && spare_->dirty) {
        spare_->discard_idle();
    }
    for (auto* block = static_cast<Block*>(open_.front()); block != nullptr && block->dirty;
         block = static_cast<Block*>(open_.front())) {
        block->discard_idle();
        block->unlink();
        open_.push_back(*block);
        if (until_ns != INT64_MAX && Deadline::now_ns() >= until_ns) {
            return false;
        }
    }
    return true;
}

}  // namespace tendril::detail
