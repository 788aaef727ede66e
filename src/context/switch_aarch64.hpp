// SPDX-License-Identifier: MIT
//
// The switch for aarch64, AAPCS64. The reasoning is that of switch_x86_64.hpp.

#pragma once

#include <cstdint>
#include <cstring>

#include <tendril/detail/context/all_registers.hpp>

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

// As on x86-64: the instructions after the load of x29, up to the jump.
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
    register Registers* t asm("x0") = &to;  // in x0, where a beginning function finds its first argument
    register Registers* f asm("x1") = &from;
    asm volatile("adr x9, 1f\n\t"
                 "mov x10, sp\n\t"
                 "stp x10, x29, [x1]\n\t"
                 "str x9, [x1, #16]\n\t"
                 "ldp x10, x29, [x0]\n\t"
                 "ldr x16, [x0, #16]\n\t"
                 "mov sp, x10\n\t"
                 "mov x30, xzr\n\t"  // a beginning function sees no caller: backtraces end there
                 "br x16\n\t"
                 "1:\n\t"
                 "hint #36\n\t"  // bti j
                 : "+r"(t), "+r"(f)
                 :
                 : TENDRIL_ALL_REGISTERS);
}

// Rounding, traps and denormals: FPCR.
struct FpControl {
    std::uint64_t fpcr = 0;

    [[gnu::always_inline]] void save() noexcept { asm volatile("mrs %0, fpcr" : "=r"(fpcr)); }
    [[gnu::always_inline]] void load() const noexcept { asm volatile("msr fpcr, %0" : : "r"(fpcr)); }
    void load_alone() const noexcept { load(); }
    [[gnu::always_inline]] bool same_as(const FpControl& other) const noexcept { return fpcr == other.fpcr; }
};

// FpControl is all that there is.
struct FpEnvironment {
    void save() noexcept {}
    void load() const noexcept {}
};

}  // namespace tendril::detail
