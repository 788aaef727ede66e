// SPDX-License-Identifier: MIT
//
// PageProtection: which pages of this process are writable, and writing to one word of those that are not.

#pragma once

#include <cstdint>
#include <vector>

#include "patch/elf_object.hpp"

namespace tendril::patch::detail {

class PageProtection {
public:
    // Reads /proc/self/maps. Where that cannot be read, every page counts as read-only, which costs system calls only.
    PageProtection();

    bool is_writable(AddressRange range) const noexcept;

private:
    std::vector<AddressRange> writable_;  // by address
};

// Makes whole pages writable while it lives, unless they are so already. They stay readable at all times.
class WritablePages {
public:
    WritablePages(AddressRange pages, const PageProtection& now) noexcept;
    WritablePages(const WritablePages&) = delete;
    WritablePages& operator=(const WritablePages&) = delete;
    ~WritablePages();

    // False if the system refused.
    bool writable() const noexcept { return writable_; }

private:
    AddressRange pages_;
    bool opened_ = false;  // by this object, which closes them again
    bool writable_ = true;
};

AddressRange page_of(const void* address) noexcept;

// In one step for all who read it. Requires: the word is aligned, and writable.
inline void store_slot(std::uintptr_t* place, std::uintptr_t value) noexcept {
    __atomic_store_n(place, value, __ATOMIC_RELEASE);
}
inline std::uintptr_t load_slot(const std::uintptr_t* place) noexcept {
    return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}

}  // namespace tendril::patch::detail
