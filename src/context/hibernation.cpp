// SPDX-License-Identifier: MIT

#include "context/hibernation.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/sys.hpp"
#include "context/stack_pool.hpp"

namespace tendril::detail {

struct Hibernation::Packed {
    std::byte* from;  // the first word
    std::uint32_t words;
    std::uint32_t usual_high;  // see Coder

    std::uintptr_t first_page() const noexcept { return reinterpret_cast<std::uintptr_t>(from) / sys::page_size(); }
    std::uintptr_t last_page() const noexcept {
        return (reinterpret_cast<std::uintptr_t>(from) + words * sizeof(std::uint64_t) - 1) / sys::page_size();
    }
    std::byte* pages() const noexcept { return reinterpret_cast<std::byte*>(first_page() * sys::page_size()); }
    std::size_t page_bytes() const noexcept { return (last_page() - first_page() + 1) * sys::page_size(); }
    // A bit for each group of words, set if there is more than zeros in it; behind them what is kept of those groups.
    std::uint8_t* bits() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
    std::uint8_t* kept() noexcept { return bits() + bit_bytes(words); }
    static constexpr std::size_t bit_bytes(std::size_t words) noexcept { return (words + 8 * group - 1) / (8 * group); }
    static constexpr std::uint32_t group = 4;  // words, of which a byte has the tags

    // Calls f(its first word, how many it has, the byte of bits(), its bit) for each group.
    template <class F>
    void for_each_group(F f) noexcept {
        auto* const first = reinterpret_cast<std::uint64_t*>(from);
        for (std::uint32_t i = 0; i < words; i += group) {
            f(first + i, std::min(group, words - i), bits()[i / group / 8],
              static_cast<std::uint8_t>(1U << i / group % 8));
        }
    }
};

namespace {

static_assert(std::endian::native == std::endian::little, "the low part of a word is the first that is kept");

constexpr std::uint32_t high(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 32);
}

// What is kept of a word. A stack holds zeros, addresses on itself, and addresses of code and of the heap, which the
// system lays so near to each other that most have the same high half.
class Coder {
public:
    enum Tag : unsigned {
        nothing = 0,  // it is zero
        near = 1,     // two bytes: the distance from the first word
        usual = 2,    // the low half; the high one is the usual one
        other = 3,    // a byte says how many follow, which bear the sign
    };

    Coder(std::uintptr_t from, std::uint32_t usual_high) noexcept : from_(from), usual_high_(usual_high) {}
    std::uint32_t usual_high() const noexcept { return usual_high_; }

    // Returns: the high half that more than half of the words with one have, if there is such; else any.
    static std::uint32_t usual_high_of(const std::uint64_t* words, std::size_t number) noexcept {
        std::uint32_t found = 0;
        std::size_t lead = 0;
        for (std::size_t i = 0; i < number; ++i) {
            const std::uint32_t each = high(words[i]);
            if (each == 0 || each == high(reinterpret_cast<std::uintptr_t>(words))) {
                continue;
            }
            if (lead == 0) {
                found = each;
            }
            lead = each == found ? lead + 1 : lead - 1;
        }
        return found;
    }

    Tag tag_of(std::uint64_t word) const noexcept {
        if (word == 0) {
            return nothing;
        }
        return word - from_ <= UINT16_MAX ? near : high(word) == usual_high_ ? usual : other;
    }
    // Of a group: a byte with two bits for each word, then what is kept of these. Nothing if all are zero.
    std::size_t size_of_group(const std::uint64_t* words, std::uint32_t number) const noexcept {
        std::size_t size = 0;
        for (std::uint32_t i = 0; i < number; ++i) {
            size += size_of(tag_of(words[i]), words[i]);
        }
        return size == 0 ? 0 : 1 + size;
    }
    // Both return: the byte behind it.
    std::uint8_t* write_group(std::uint8_t* at, const std::uint64_t* words, std::uint32_t number) const noexcept {
        std::uint8_t& tags = *at++;
        tags = 0;
        for (std::uint32_t i = 0; i < number; ++i) {
            const Tag tag = tag_of(words[i]);
            tags |= static_cast<std::uint8_t>(tag << i * 2);
            at = write(at, tag, words[i]);
        }
        return at;
    }
    const std::uint8_t* read_group(const std::uint8_t* at, std::uint64_t* words, std::uint32_t number) const noexcept {
        const unsigned tags = *at++;
        for (std::uint32_t i = 0; i < number; ++i) {
            at = read(at, static_cast<Tag>(tags >> i * 2 & 3U), words[i]);
        }
        return at;
    }

private:
    // Of what write() writes.
    static std::size_t size_of(Tag tag, std::uint64_t word) noexcept {
        constexpr std::size_t sizes[] = {0, 2, 4};
        return tag != other ? sizes[tag] : 1 + bytes_of(word);
    }

    std::uint8_t* write(std::uint8_t* at, Tag tag, std::uint64_t word) const noexcept {
        if (tag == other) {
            *at++ = static_cast<std::uint8_t>(bytes_of(word));
            return put(at, word, bytes_of(word));
        }
        return put(at, tag == near ? word - from_ : word, size_of(tag, word));
    }
    const std::uint8_t* read(const std::uint8_t* at, Tag tag, std::uint64_t& word) const noexcept {
        const std::size_t bytes = tag == other ? *at++ : size_of(tag, 0);
        word = 0;
        std::memcpy(&word, at, bytes);
        if (tag == near) {
            word += from_;
        } else if (tag == usual) {
            word |= std::uint64_t{usual_high_} << 32;
        } else if (tag == other) {
            const std::size_t unused = 64 - bytes * 8;
            word = static_cast<std::uint64_t>(static_cast<std::int64_t>(word << unused) >> unused);
        }
        return at + bytes;
    }
    // Returns: how many bytes a number takes with its sign. Requires: not zero.
    static std::size_t bytes_of(std::uint64_t word) noexcept {
        const std::uint64_t without_sign = word ^ static_cast<std::uint64_t>(static_cast<std::int64_t>(word) >> 63);
        return static_cast<std::size_t>(std::bit_width(without_sign)) / 8 + 1;
    }
    static std::uint8_t* put(std::uint8_t* at, std::uint64_t word, std::size_t bytes) noexcept {
        std::memcpy(at, &word, bytes);
        return at + bytes;
    }

    std::uintptr_t from_;
    std::uint32_t usual_high_;
};

#if defined(TENDRIL_ASAN) || defined(TENDRIL_TSAN) || defined(TENDRIL_USE_BOOST_CONTEXT)
constexpr bool fit_for_it = false;
#else
constexpr bool fit_for_it = true;
#endif

}  // namespace

// Stacks that were left suspended: the pool, which is destroyed next, looks at what lies at their tops.
Hibernation::~Hibernation() {
    for (const StackChunk* const chunk : stacks_.chunks()) {
        chunk->for_each_live([this](const StackTop& stack) { unpack(&stack); });
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
    const Coder coder(begin, Coder::usual_high_of(first, words));
    std::size_t kept = 0;
    for (std::uint32_t i = 0; i < words; i += Packed::group) {
        kept += coder.size_of_group(first + i, std::min(Packed::group, words - i));
    }
    void* const memory = std::malloc(sizeof(Packed) + Packed::bit_bytes(words) + kept);
    if (memory == nullptr) {
        return false;
    }
    auto* const packed = ::new (memory) Packed{reinterpret_cast<std::byte*>(begin), words, coder.usual_high()};
    std::memset(packed->bits(), 0, Packed::bit_bytes(words));
    std::uint8_t* at = packed->kept();
    packed->for_each_group([&](const std::uint64_t* of, std::uint32_t number, std::uint8_t& bits, std::uint8_t bit) {
        if (coder.size_of_group(of, number) != 0) {
            bits |= bit;
            at = coder.write_group(at, of, number);
        }
    });
    const auto forget = [&] {
        std::free(packed);
        return false;
    };
    StackChunk& chunk = *stack.chunk;
    try {
        chunk.set_packed(&stack, nullptr);  // makes room
    } catch (const std::bad_alloc&) {
        return forget();
    }
    StackPool::trim_below(stack, packed->pages());  // what deeper calls have touched: an exception takes 4 KiB and more
    if (sys::guard_install(packed->pages(), packed->page_bytes()) != 0) {
        return forget();
    }
    chunk.set_packed(&stack, packed);
    ++count_;
    return true;
}

bool Hibernation::unpack(const void* at) noexcept {
    StackChunk* const chunk = stacks_.chunk_at(at);
    auto* const packed = chunk != nullptr ? static_cast<Packed*>(chunk->packed(at)) : nullptr;
    const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(at) / sys::page_size();
    if (packed == nullptr || page < packed->first_page() || page > packed->last_page() ||
        sys::guard_remove(packed->pages(), packed->page_bytes()) != 0) {
        return false;
    }
    const Coder coder(reinterpret_cast<std::uintptr_t>(packed->from), packed->usual_high);
    const std::uint8_t* kept = packed->kept();
    packed->for_each_group([&](std::uint64_t* of, std::uint32_t number, std::uint8_t bits, std::uint8_t bit) {
        if ((bits & bit) != 0) {
            kept = coder.read_group(kept, of, number);
        }  // else they are zero already: the page is a fresh one
    });
    chunk->set_packed(at, nullptr);
    std::free(packed);
    --count_;
    return true;
}

}  // namespace tendril::detail
