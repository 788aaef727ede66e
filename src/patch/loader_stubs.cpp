// SPDX-License-Identifier: MIT

#include "patch/loader_stubs.hpp"

// clang-format off
#if defined(__x86_64__) && !defined(__ILP32__)

#define TENDRIL_LOADER_STUB(name) \
    asm(".text\n" \
        ".p2align 4\n" \
        ".globl tendril_patch_" #name "\n" \
        ".hidden tendril_patch_" #name "\n" \
        ".type tendril_patch_" #name ", @function\n" \
        "tendril_patch_" #name ":\n" \
        ".cfi_startproc\n" \
        "    endbr64\n" \
        "    pushq %rdi\n" \
        "    .cfi_adjust_cfa_offset 8\n" \
        "    pushq %rsi\n" \
        "    .cfi_adjust_cfa_offset 8\n" \
        "    pushq %rdx\n" \
        "    .cfi_adjust_cfa_offset 8\n" \
        "    movq 24(%rsp), %rcx\n" /* the return address */ \
        "    call tendril_patch_answer_" #name "@PLT\n" \
        "    movq %rdx, %rcx\n" \
        "    popq %rdx\n" \
        "    .cfi_adjust_cfa_offset -8\n" \
        "    popq %rsi\n" \
        "    .cfi_adjust_cfa_offset -8\n" \
        "    popq %rdi\n" \
        "    .cfi_adjust_cfa_offset -8\n" \
        "    testq %rax, %rax\n" \
        "    jz 1f\n" \
        "    jmp *%rax\n" \
        "1:  movq %rcx, %rax\n" \
        "    ret\n" \
        ".cfi_endproc\n" \
        ".size tendril_patch_" #name ", . - tendril_patch_" #name "\n")

TENDRIL_LOADER_STUB(dlopen);
TENDRIL_LOADER_STUB(dlsym);
TENDRIL_LOADER_STUB(dlvsym);

#elif defined(__aarch64__)

#define TENDRIL_LOADER_STUB(name) \
    asm(".text\n" \
        ".p2align 4\n" \
        ".globl tendril_patch_" #name "\n" \
        ".hidden tendril_patch_" #name "\n" \
        ".type tendril_patch_" #name ", %function\n" \
        "tendril_patch_" #name ":\n" \
        ".cfi_startproc\n" \
        "    hint #34\n" /* bti c */ \
        "    stp x29, x30, [sp, #-48]!\n" \
        "    .cfi_def_cfa_offset 48\n" \
        "    .cfi_offset 29, -48\n" \
        "    .cfi_offset 30, -40\n" \
        "    mov x29, sp\n" \
        "    stp x0, x1, [sp, #16]\n" \
        "    str x2, [sp, #32]\n" \
        "    mov x3, x30\n" /* the return address */ \
        "    bl tendril_patch_answer_" #name "\n" \
        "    mov x16, x0\n" \
        "    mov x17, x1\n" \
        "    ldp x0, x1, [sp, #16]\n" \
        "    ldr x2, [sp, #32]\n" \
        "    ldp x29, x30, [sp], #48\n" \
        "    .cfi_def_cfa_offset 0\n" \
        "    .cfi_restore 29\n" \
        "    .cfi_restore 30\n" \
        "    cbz x16, 1f\n" \
        "    br x16\n" \
        "1:  mov x0, x17\n" \
        "    ret\n" \
        ".cfi_endproc\n" \
        ".size tendril_patch_" #name ", . - tendril_patch_" #name "\n")

TENDRIL_LOADER_STUB(dlopen);
TENDRIL_LOADER_STUB(dlsym);
TENDRIL_LOADER_STUB(dlvsym);
// clang-format on

#else
// clang-format on

#include "base/libc.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

void* tendril_patch_dlopen(const char* file, int flags) {
    const LoaderAnswer answer = answer_dlopen(file, flags, nullptr, __builtin_return_address(0));
    return answer.jump_to != nullptr ? tendril::detail::libc.dlopen(file, flags) : answer.result;
}

void* tendril_patch_dlsym(void* handle, const char* symbol) {
    const LoaderAnswer answer = answer_dlsym(handle, symbol, nullptr, __builtin_return_address(0));
    return answer.jump_to != nullptr ? tendril::detail::libc.dlsym(handle, symbol) : answer.result;
}

void* tendril_patch_dlvsym(void* handle, const char* symbol, const char* version) {
    const LoaderAnswer answer = answer_dlvsym(handle, symbol, version, __builtin_return_address(0));
    return answer.jump_to != nullptr ? real.dlvsym(handle, symbol, version) : answer.result;
}

}  // namespace tendril::patch::detail

#endif
