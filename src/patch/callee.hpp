// SPDX-License-Identifier: MIT
//
// Callee: what a slot leads to, and which objects are never patched.

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "patch/elf_object.hpp"

namespace tendril::patch::detail {

// The C library and what belongs to it: what hooks stand in for, and what must itself stay plain.
bool is_c_library(const ElfObject& object) noexcept;

// Whether it is never patched: the C library, the compilers' runtimes, the allocator, or tendril as a shared object.
// Not the program, even if it holds tendril or its own allocator.
bool is_left_alone(const ElfObject& object) noexcept;

// Whether it is the C++ library: it waits for those that are linked with it, in a std::condition_variable, for example.
bool is_cxx_library(const ElfObject& object) noexcept;

// Whether tendril's code lies in it.
bool holds_tendril(const ElfObject& object) noexcept;

// Returns the object in which the address lies; nullptr: none.
const ElfObject* object_at(const std::vector<ElfObject>& objects, std::uintptr_t address) noexcept;

// Whether a slot's value means the C library's own function, at once or once it is looked up.
// interposed: the name is looked up in the C library only after another object has answered.
bool leads_to_c_library(const std::vector<ElfObject>& objects, const ElfObject& owner, const ImportSlot& slot,
                        std::uintptr_t value, bool interposed);

}  // namespace tendril::patch::detail
