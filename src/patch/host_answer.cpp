// SPDX-License-Identifier: MIT

#include "patch/host_answer.hpp"

#include <cstdint>
#include <cstring>

namespace tendril::patch::detail {

namespace {

constexpr std::size_t alignment = 16;

// Moves a pointer that leads into the old buffer to the same place in the new one.
struct Move {
    const char* from;
    char* to;
    std::size_t size;

    template <class T>
    void operator()(T*& pointer) const noexcept {
        const auto offset = reinterpret_cast<std::uintptr_t>(pointer) - reinterpret_cast<std::uintptr_t>(from);
        if (pointer != nullptr && offset < size) {
            pointer = reinterpret_cast<T*>(to + offset);
        }
    }
    void list(char**& pointers) const noexcept {
        (*this)(pointers);
        for (char** each = pointers; each != nullptr && *each != nullptr; ++each) {
            (*this)(*each);
        }
    }
};

}  // namespace

void HostAnswer::make_room(std::size_t size, const char* like) {
    entry_ = std::make_unique<hostent>();
    memory_ = std::make_unique<char[]>(size + 2 * alignment);
    size_ = size;
    const auto wanted = reinterpret_cast<std::uintptr_t>(like) % alignment;
    const auto at = reinterpret_cast<std::uintptr_t>(memory_.get()) % alignment;
    buffer_ = memory_.get() + (wanted + alignment - at) % alignment;
}

void HostAnswer::copy_to(hostent& into, char* buffer, hostent*& result) const noexcept {
    result = nullptr;
    if (found_ == nullptr) {
        return;
    }
    std::memcpy(buffer, buffer_, size_);
    const Move move{buffer_, buffer, size_};
    into = *found_;
    move(into.h_name);
    move.list(into.h_aliases);
    move.list(into.h_addr_list);
    result = &into;
}

}  // namespace tendril::patch::detail
