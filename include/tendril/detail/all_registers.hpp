// SPDX-License-Identifier: MIT
//
// TENDRIL_ALL_REGISTERS: the clobber list of an asm statement after which no register but the stack and frame pointers
// is what it was. Not for users.

#pragma once

#ifdef __x86_64__
#ifdef __AVX512F__
#define TENDRIL_AVX512_REGISTERS                                                                                  \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", \
        "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define TENDRIL_AVX512_REGISTERS
#endif
// Without those that carry operands: rsi and rdi.
#define TENDRIL_ALL_REGISTERS                                                                                         \
    "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc", "xmm0", "xmm1", \
        "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",  \
        "xmm15" TENDRIL_AVX512_REGISTERS
#endif
