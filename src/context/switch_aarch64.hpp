// SPDX-License-Identifier: MIT
//
// The switch for aarch64, AAPCS64. The reasoning is that of switch_x86_64.hpp.

#pragma once

#include <cstdint>
#include <cstring>

namespace tendril::detail {

struct Registers {
    void* sp = nullptr;  // offset 0   offsets are used by the assembly below
    void* fp = nullptr;  // offset 8
    void* pc = nullptr;  // offset 16
};

// Makes `to` begin entry(argument) at its first switch. top is 16-byte aligned. entry must never return.
inline void prepare(Registers& to, void* top, void (*entry)(Registers*)) noexcept {
    to.sp = top;
    to.fp = nullptr;
    to.pc = reinterpret_cast<void*>(entry);
}

// As on x86-64: from behind the load of x29 to the jump.
inline bool inside_jump(const void* pc) noexcept {
    std::uint32_t instruction = 0;
    std::memcpy(&instruction, pc, sizeof instruction);
    return instruction == 0xf9400810 || instruction == 0x9100015f || instruction == 0xaa1f03fe ||
           instruction == 0xd61f0200;
}

inline const void* stopped_at(const Registers& of) noexcept {
    return of.sp;
}

[[gnu::always_inline]] inline void jump(Registers& from, Registers& to) noexcept {
    register Registers* t asm("x0") = &to;  // where a function that begins finds its first argument
    register Registers* f asm("x1") = &from;
    asm volatile("adr x9, 1f\n\t"
                 "mov x10, sp\n\t"
                 "stp x10, x29, [x1]\n\t"
                 "str x9, [x1, #16]\n\t"
                 "ldp x10, x29, [x0]\n\t"
                 "ldr x16, [x0, #16]\n\t"
                 "mov sp, x10\n\t"
                 "mov x30, xzr\n\t"  // a function that begins sees no caller: backtraces end there
                 "br x16\n\t"
                 "1:\n\t"
                 "hint #36\n\t"  // bti j
                 : "+r"(t), "+r"(f)
                 :
                 : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
                   "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "memory",
                   "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
                   "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
                   "v29", "v30", "v31");
}

// Rounding, traps and denormals: FPCR.
struct FpControl {
    std::uint64_t fpcr = 0;

    [[gnu::always_inline]] void save() noexcept { asm volatile("mrs %0, fpcr" : "=r"(fpcr)); }
    [[gnu::always_inline]] void load() const noexcept { asm volatile("msr fpcr, %0" : : "r"(fpcr)); }
    [[gnu::always_inline]] bool same_as(const FpControl& other) const noexcept { return fpcr == other.fpcr; }
};

}  // namespace tendril::detail
