// SPDX-License-Identifier: MIT
//
// What the compiler is told about a switch. TENDRIL_ALL_REGISTERS is the clobber list of an asm statement that
// preserves no register but the stack and frame pointers; TENDRIL_OPAQUE marks the functions around it. Not for users.
//
// All switches share one list. It names the AVX-512 registers wherever the compiler allows it: Clang always, GCC only
// if the translation unit is compiled for them. So code compiled for a larger processor than the switch's own
// translation unit (link-time optimisation of mixed flags, a target attribute) could keep values in registers that the
// list does not name. TENDRIL_OPAQUE prevents that: each function that contains a switch, or that surrounds one inlined
// into the user's code, is a call of which the compiler knows nothing, and by the ABI such a call clobbers those
// registers. By the calling convention the call also covers the floating-point control words, which travel with the
// flow: the compiler cannot move the user's arithmetic between their exchange and the jump.

#pragma once

// The compiler neither inlines the function nor looks inside it for registers that it preserves (GCC's -fipa-ra).
#if defined(__GNUC__) && !defined(__clang__)
#define TENDRIL_OPAQUE [[gnu::noipa]]
#else
#define TENDRIL_OPAQUE [[gnu::noinline]]
#endif

#if defined(__x86_64__)

#ifdef __MMX__
#define TENDRIL_MMX_REGISTERS , "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7"
#else
#define TENDRIL_MMX_REGISTERS
#endif
#if defined(__AVX512F__) || defined(__clang__)
#define TENDRIL_AVX512_REGISTERS                                                                                  \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", \
        "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define TENDRIL_AVX512_REGISTERS
#endif
#ifdef __APX_F__
#define TENDRIL_APX_REGISTERS \
    , "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31"
#else
#define TENDRIL_APX_REGISTERS
#endif
// Without rax, rdx, rsi and rdi, which carry operands in some switches: those that use fewer name the rest themselves.
#define TENDRIL_ALL_REGISTERS                                                                                        \
    "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc", "st", "st(1)", "st(2)",      \
        "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", \
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",                                                 \
        "xmm15" TENDRIL_MMX_REGISTERS TENDRIL_AVX512_REGISTERS TENDRIL_APX_REGISTERS

#elif defined(__aarch64__)

// Without x0 and x1, which carry operands. With SVE, a vector register's name means the whole of it.
#define TENDRIL_ALL_REGISTERS                                                                                          \
    "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18",     \
        "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "memory", "cc", "v0", "v1", "v2", \
        "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18",       \
        "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "p0", "p1", "p2",   \
        "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15"

#endif
