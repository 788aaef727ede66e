// SPDX-License-Identifier: MIT

#include "context/hibernation.hpp"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/sys.hpp"

namespace tendril::detail {

struct Hibernation::Packed {
    std::byte* from;  // the first word
    std::uint32_t words;
    std::uint32_t tag_bytes;  // which follow this, and then what is kept of the words

    std::uintptr_t first_page() const noexcept { return reinterpret_cast<std::uintptr_t>(from) / sys::page_size(); }
    std::uintptr_t last_page() const noexcept {
        return (reinterpret_cast<std::uintptr_t>(from) + words * sizeof(std::uint64_t) - 1) / sys::page_size();
    }
    std::byte* pages() const noexcept { return reinterpret_cast<std::byte*>(first_page() * sys::page_size()); }
    std::size_t page_bytes() const noexcept { return (last_page() - first_page() + 1) * sys::page_size(); }
    std::uint8_t* tags() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
    std::uint8_t* kept() noexcept { return tags() + tag_bytes; }
};

namespace {

static_assert(std::endian::native == std::endian::little, "the low half of a word is the first that is kept");

// What is kept of a word.
enum Tag : unsigned {
    nothing = 0,    // it is zero
    small_low = 1,  // its low half; the high one is zero
    stack_low = 2,  // its low half; the high one is that of the stack's address
    whole = 3,
};
constexpr std::size_t size_of[] = {0, 4, 4, 8};

constexpr std::uint64_t high(std::uint64_t word) noexcept {
    return word >> 32;
}

unsigned tag_of(std::uint64_t word, std::uint64_t stack_high) noexcept {
    if (word == 0) {
        return nothing;
    }
    return high(word) == 0 ? small_low : high(word) == stack_high ? stack_low : whole;
}

#if defined(TENDRIL_ASAN) || defined(TENDRIL_TSAN) || defined(TENDRIL_USE_BOOST_CONTEXT)
constexpr bool fit_for_it = false;
#else
constexpr bool fit_for_it = true;
#endif

}  // namespace

// Stacks that were left suspended: the pool, which is destroyed next, looks at what lies at their tops.
Hibernation::~Hibernation() {
    while (!pages_.empty() && unpack(pages_.begin()->second->from)) {
    }
}

bool Hibernation::put_away(StackTop& stack, const void* lowest) noexcept {
    if (!fit_for_it || under_valgrind() || !catches_faults()) {
        return false;
    }
    constexpr std::uintptr_t red_zone = 128;
    const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(lowest) - red_zone) & ~(sizeof(std::uint64_t) - 1);
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(&stack + 1);
    const auto words = static_cast<std::uint32_t>((end - begin) / sizeof(std::uint64_t));
    const auto* const first = reinterpret_cast<const std::uint64_t*>(begin);
    const std::uint64_t stack_high = high(begin);
    std::size_t kept = 0;
    for (std::uint32_t i = 0; i < words; ++i) {
        kept += size_of[tag_of(first[i], stack_high)];
    }
    const std::uint32_t tag_bytes = (words + 3) / 4;
    void* const memory = std::malloc(sizeof(Packed) + tag_bytes + kept);
    if (memory == nullptr) {
        return false;
    }
    auto* const packed = ::new (memory) Packed{reinterpret_cast<std::byte*>(begin), words, tag_bytes};
    std::memset(packed->tags(), 0, tag_bytes);
    std::uint8_t* at = packed->kept();
    for (std::uint32_t i = 0; i < words; ++i) {
        const unsigned tag = tag_of(first[i], stack_high);
        packed->tags()[i / 4] |= static_cast<std::uint8_t>(tag << (i % 4 * 2));
        std::memcpy(at, &first[i], size_of[tag]);  // the low half lies first
        at += size_of[tag];
    }
    const auto forget = [&] {
        for (std::uintptr_t page = packed->first_page(); page <= packed->last_page(); ++page) {
            pages_.erase(page);
        }
        std::free(packed);
        return false;
    };
    try {
        for (std::uintptr_t page = packed->first_page(); page <= packed->last_page(); ++page) {
            pages_.emplace(page, packed);
        }
    } catch (const std::bad_alloc&) {
        return forget();
    }
    if (sys::guard_install(packed->pages(), packed->page_bytes()) != 0) {
        return forget();
    }
    ++count_;
    return true;
}

bool Hibernation::unpack(const void* at) noexcept {
    const auto found = pages_.find(reinterpret_cast<std::uintptr_t>(at) / sys::page_size());
    if (found == pages_.end()) {
        return false;
    }
    Packed* const packed = found->second;
    if (sys::guard_remove(packed->pages(), packed->page_bytes()) != 0) {
        return false;
    }
    auto* const first = reinterpret_cast<std::uint64_t*>(packed->from);
    const std::uint64_t stack_high = high(reinterpret_cast<std::uintptr_t>(packed->from)) << 32;
    const std::uint8_t* kept = packed->kept();
    for (std::uint32_t i = 0; i < packed->words; ++i) {
        const unsigned tag = packed->tags()[i / 4] >> (i % 4 * 2) & 3U;
        std::uint64_t word = 0;
        std::memcpy(&word, kept, size_of[tag]);
        kept += size_of[tag];
        first[i] = tag == stack_low ? word | stack_high : word;
    }
    for (std::uintptr_t page = packed->first_page(); page <= packed->last_page(); ++page) {
        pages_.erase(page);
    }
    std::free(packed);
    --count_;
    return true;
}

}  // namespace tendril::detail
