// SPDX-License-Identifier: MIT
//
// The switch for x86-64, System V ABI.
//
// Saves only the stack pointer, the frame pointer and the address to continue at. All other registers are declared
// clobbered, so that the compiler, which inlines this into the scheduler, saves the few that are live there. The
// functions that it is inlined into are TENDRIL_OPAQUE: see all_registers.hpp. Nothing is pushed, so the red zone of
// the switching frame stays intact. It leaves by `jmp`: a `ret` to another stack's frame misses the return predictor
// and costs five times as much.
//
// A shadow stack (CET) would take the later `ret` of a frame on another stack for an attack: refuse_shadow_stack() in
// os_thread.cpp ends the process with a message if one is active.

#pragma once

#include <cstdint>

#include <tendril/detail/context/all_registers.hpp>

namespace tendril::detail {

struct Registers {
    void* sp = nullptr;  // offset 0   offsets are used by the assembly below
    void* fp = nullptr;  // offset 8
    void* pc = nullptr;  // offset 16
};

// Makes `to` begin entry(&to) at its first switch. top: 16-byte aligned, the end of the memory it may use. entry must
// never return.
inline void prepare(Registers& to, void* top, void (*entry)(Registers*)) noexcept {
    auto* sp = static_cast<void**>(top);
    *--sp = nullptr;
    *--sp = nullptr;  // a return address of zero ends backtraces here; the stack is aligned as after a call
    *--sp = nullptr;
    to.sp = sp;
    to.fp = nullptr;
    to.pc = reinterpret_cast<void*>(entry);
}

// Whether pc is between the two halves of a jump: the stack pointer is already the new flow's but the frame pointer is
// not, or both are but the address is not. The stack cannot be walked from there. May mistake other code for a jump.
inline bool inside_jump(const void* pc) noexcept {
    const auto* code = static_cast<const unsigned char*>(pc);  // each byte read implies that there is a next one
    const bool loads_fp = code[0] == 0x48 && code[1] == 0x8b && code[2] == 0x6f && code[3] == 8;  // movq 8(%rdi), %rbp
    return loads_fp || (code[0] == 0xff && code[1] == 0x67 && code[2] == 16);                     // jmpq *16(%rdi)
}

inline const void* stopped_at(const Registers& of) noexcept {
    return of.sp;
}

[[gnu::always_inline]] inline void jump(Registers& from, Registers& to) noexcept {
    Registers* f = &from;
    Registers* t = &to;  // in %rdi, where a beginning function finds its first argument
    asm volatile("leaq 1f(%%rip), %%rax\n\t"
                 "movq %%rsp, 0(%%rsi)\n\t"
                 "movq %%rbp, 8(%%rsi)\n\t"
                 "movq %%rax, 16(%%rsi)\n\t"
                 "movq 0(%%rdi), %%rsp\n\t"
                 "movq 8(%%rdi), %%rbp\n\t"
                 "jmpq *16(%%rdi)\n\t"
                 "1:\n\t"
#ifdef __CET__
                 "endbr64\n\t"
#endif
                 : "+S"(f), "+D"(t)
                 :
                 : "rax", "rdx", TENDRIL_ALL_REGISTERS);
}

// What travels with every flow: rounding and the masks of exceptions. The x87 control word alone says what they are,
// since the C library's functions (fesetround, feenableexcept, fesetenv) change both words alike, and reading MXCSR
// back costs more than all the rest of a switch on some processors: 5 ns on an EPYC.
struct FpControl {
    std::uint16_t x87 = 0;

    // Stores straight into place: through a register it would be slower.
    [[gnu::always_inline]] void save() noexcept { asm volatile("fnstcw %0" : "=m"(x87)); }
    [[gnu::always_inline]] bool same_as(const FpControl& other) const noexcept { return x87 == other.x87; }

    // Loads both words; MXCSR keeps its treatment of denormals, which belongs to the OS thread, and its sticky flags.
    void load() const noexcept {
        std::uint32_t mxcsr = 0;
        asm volatile("stmxcsr %0" : "=m"(mxcsr));
        constexpr std::uint32_t rounding = 0x6000;  // 0xc00 of the x87 word
        constexpr std::uint32_t masks = 0x1f80;     // 0x3f
        mxcsr = (mxcsr & ~(rounding | masks)) | (x87 & 0xc00U) << 3 | (x87 & 0x3fU) << 7;
        asm volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(x87));
    }
    void load_alone() const noexcept { asm volatile("fldcw %0" : : "m"(x87)); }
};

// The rest, which travels only with flows that have an environment of their own: MXCSR, with denormals and whatever
// code sets that does not go by the C library.
struct FpEnvironment {
    std::uint32_t mxcsr = 0;

    void save() noexcept { asm volatile("stmxcsr %0" : "=m"(mxcsr)); }
    void load() const noexcept { asm volatile("ldmxcsr %0" : : "m"(mxcsr)); }
};

}  // namespace tendril::detail
