// SPDX-License-Identifier: MIT

#include "patch/raw_syscalls.hpp"

#include <cstring>

namespace tendril::patch::detail {

namespace {

constexpr std::byte at(std::span<const std::byte> code, std::size_t i) noexcept {
    return i < code.size() ? code[i] : std::byte{0};
}

#if defined(__x86_64__)
// Whether the number of the system call is put into eax or rax shortly before: mov, xor or pop. That is how nearly all
// compilers and assemblers write it, and what the bytes of other instructions rarely look like.
bool number_is_set_before(std::span<const std::byte> code, std::size_t end) noexcept {
    constexpr std::size_t window = 48;
    for (std::size_t i = end > window ? end - window : 0; i < end; ++i) {
        const auto first = std::to_integer<unsigned>(at(code, i));
        const auto second = std::to_integer<unsigned>(at(code, i + 1));
        const bool small_number = i + 5 <= end && at(code, i + 3) == std::byte{0} && at(code, i + 4) == std::byte{0};
        const bool mov_number = first == 0xb8 && small_number;                    // mov $n, %eax
        const bool mov_rax = first == 0xc7 && second == 0xc0;                     // mov $n, %rax
        const bool xor_eax = (first == 0x31 || first == 0x33) && second == 0xc0;  // xor %eax, %eax
        const bool mov_register = (first == 0x89 && (second & 0xc7U) == 0xc0) ||  // mov %reg, %eax
                                  (first == 0x8b && (second & 0x38U) == 0);       // mov memory, %eax
        if (mov_number || mov_rax || xor_eax || mov_register) {
            return true;
        }
    }
    return false;
}

// Whether what follows looks like the upper half of a displacement.
bool in_a_number(std::span<const std::byte> code, std::size_t i) noexcept {
    const std::byte next = at(code, i);
    return next == at(code, i + 1) && (next == std::byte{0} || next == std::byte{0xff});
}
#endif

}  // namespace

std::size_t count_raw_syscalls(std::span<const std::byte> code) noexcept {
    std::size_t count = 0;
#if defined(__x86_64__)
    const std::byte* from = code.data();  // syscall: 0f 05
    const std::byte* const end = code.data() + code.size();
    while (from + 1 < end) {
        const void* const found = std::memchr(from, 0x0f, static_cast<std::size_t>(end - from - 1));
        if (found == nullptr) {
            break;
        }
        from = static_cast<const std::byte*>(found) + 1;
        const auto place = static_cast<std::size_t>(from - 1 - code.data());
        if (*from == std::byte{0x05} && !in_a_number(code, place + 2) && number_is_set_before(code, place)) {
            ++count;
        }
    }
#elif defined(__aarch64__)
    for (std::size_t i = 0; i + 4 <= code.size(); i += 4) {
        std::uint32_t instruction = 0;
        std::memcpy(&instruction, code.data() + i, sizeof instruction);
        count += instruction == 0xd4000001 ? 1 : 0;  // svc #0
    }
#else
    static_cast<void>(code);
#endif
    return count;
}

std::size_t count_raw_syscalls(const ElfObject& object) {
    std::size_t count = 0;
    for (const AddressRange& range : object.executable_segments()) {
        count += count_raw_syscalls({reinterpret_cast<const std::byte*>(range.begin), range.end - range.begin});
    }
    return count;
}

}  // namespace tendril::patch::detail
