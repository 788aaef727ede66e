// SPDX-License-Identifier: MIT
//
// Choice: which of the loaded objects a name means, and which objects it needs.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "patch/elf_object.hpp"

namespace tendril::patch::detail {

// "libpq" means libpq.so.5 and not libpqxx.so; a name with a slash means that file.
bool is_called(const ElfObject& object, std::string_view name);

// Returns the indices of the objects of that name, and of all that they need, directly or not; not those that are left
// alone (callee.hpp), nor what only these need.
std::vector<std::size_t> closure(const std::vector<ElfObject>& objects, std::string_view name);

// For an error's text: what is loaded and has a similar name, else all that is loaded.
std::string near_names(const std::vector<ElfObject>& objects, std::string_view name);

}  // namespace tendril::patch::detail
