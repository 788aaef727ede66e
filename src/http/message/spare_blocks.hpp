// SPDX-License-Identifier: MIT
//
// SpareBlocks: freed blocks of one size, kept per OS thread, last in, first out. For memory that a message needs while
// it is processed and that an idle connection does not hold.

#pragma once

#include <cstddef>
#include <new>

namespace tendril::http::detail {

template <std::size_t Size, std::size_t Most>
class SpareBlocks {
public:
    static void* allocate() {  // throws std::bad_alloc
        Block* const one = spare_.first;
        if (one == nullptr) [[unlikely]] {
            static thread_local const AtEnd at_end;
            static_cast<void>(at_end);
            return ::operator new(Size);
        }
        spare_.first = one->next;
        --spare_.count;
        return one;
    }

    static void free(void* block) noexcept {
        if (spare_.closed || spare_.count == Most) [[unlikely]] {
            ::operator delete(block);
            return;
        }
        spare_.first = new (block) Block{spare_.first};
        ++spare_.count;
    }

private:
    struct Block {
        Block* next;
    };
    struct Spare {
        Block* first = nullptr;
        std::size_t count = 0;
        bool closed = false;  // the OS thread is ending; its hub may still unwind green threads that free blocks
    };
    struct AtEnd {
        AtEnd() = default;
        AtEnd(const AtEnd&) = delete;
        AtEnd& operator=(const AtEnd&) = delete;
        ~AtEnd() {
            spare_.closed = true;
            while (Block* const one = spare_.first) {
                spare_.first = one->next;
                ::operator delete(one);
            }
        }
    };

    static constinit inline thread_local Spare spare_;  // trivial, so that looking at it is one instruction
};

}  // namespace tendril::http::detail
