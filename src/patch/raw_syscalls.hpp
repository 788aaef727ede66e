// SPDX-License-Identifier: MIT
//
// Raw system calls: instructions in an object's own code that enter the kernel past the C library, where no patch
// reaches. A search for their bytes, not a disassembly: on x86-64, where instructions have many lengths, constants and
// ends of other instructions may look the same; on aarch64, data among the code may.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "patch/elf_object.hpp"

namespace tendril::patch::detail {

// In `code`, for the processor that this is compiled for.
std::size_t count_raw_syscalls(std::span<const std::byte> code) noexcept;

// In all executable segments.
std::size_t count_raw_syscalls(const ElfObject& object);

}  // namespace tendril::patch::detail
