// SPDX-License-Identifier: MIT
//
// The C++ runtime's unwinder does the walking. For a suspended flow it is called through tendril_walk(), whose unwind
// table says "my caller's stack pointer, frame pointer and address are the ones in *from". So it walks from there into
// the suspended frames, while it runs on the stack of the OS thread's current flow.

#include "context/backtrace.hpp"

#include <unwind.h>

#include <cstdint>

namespace tendril::detail {

namespace {

struct Walk {
    std::span<void*> out;
    std::uintptr_t after;  // records the frames after the function that starts here; 0: after the next frame
    std::size_t size = 0;
    std::uintptr_t last_cfa = 0;
    bool recording = false;
    bool from_signal = false;  // records from the frame that a signal interrupted, and ignores `after`
    bool only_last = false;    // each frame overwrites the one before
};

_Unwind_Reason_Code visit(_Unwind_Context* frame, void* argument) noexcept {
    auto& walk = *static_cast<Walk*>(argument);
    int exact = 0;  // the address is where a signal came, not where a call returns to
    const std::uintptr_t at = _Unwind_GetIPInfo(frame, &exact);
    if (!walk.recording && walk.from_signal) {
        walk.recording = exact != 0;
    } else if (!walk.recording) {
        walk.recording = walk.after == 0 || _Unwind_GetRegionStart(frame) == walk.after;
        return _URC_NO_REASON;
    }
    if (!walk.recording) {
        return _URC_NO_REASON;
    }
    const std::uintptr_t cfa = _Unwind_GetCFA(frame);
    if (walk.only_last && at != 0 && cfa != walk.last_cfa) {
        walk.size = 0;
    }
    if (at == 0 || walk.size == walk.out.size() || (walk.size > 0 && cfa == walk.last_cfa && exact == 0)) {
        return _URC_NORMAL_STOP;  // the last: an outermost frame that does not end the walk names itself forever
    }
    walk.last_cfa = cfa;
    walk.out[walk.size++] = reinterpret_cast<void*>(at + (exact != 0 ? 1 : 0));
    return _URC_NO_REASON;
}

}  // namespace

std::size_t backtrace_here(std::span<void*> out) noexcept {
    Walk walk{.out = out, .after = 0};
    _Unwind_Backtrace(&visit, &walk);
    return walk.size;
}

std::size_t backtrace_interrupted(std::span<void*> out) noexcept {
    Walk walk{.out = out, .after = 0, .from_signal = true};
    _Unwind_Backtrace(&visit, &walk);
    return walk.size > 0 ? walk.size : backtrace_here(out);
}

namespace {

void walk_from(const Flow& suspended, Walk& walk) noexcept;

}  // namespace

const void* outermost_address(const Flow* suspended) noexcept {
    void* last = nullptr;
    Walk walk{.out = {&last, 1}, .after = 0, .only_last = true};
    if (suspended != nullptr) {
        walk_from(*suspended, walk);
    } else {
        _Unwind_Backtrace(&visit, &walk);
    }
    return last;
}

void prime_backtrace() noexcept {
    void* few[2];
    backtrace_here(few);
}

#if defined(TENDRIL_SWITCH_OURS)

#define TENDRIL_HIDDEN [[gnu::visibility("hidden")]]
extern "C" TENDRIL_HIDDEN void tendril_walk(const Registers* from, void (*walk)(void*), void* argument);

#if defined(__x86_64__)
// In the escapes: DW_CFA_def_cfa_expression: the CFA is *(rbx + 0); DW_CFA_expression: the caller's rbp (6) and return
// address (16) were saved at rbx + 8 and rbx + 16. The offsets are those of Registers.
extern "C" [[gnu::naked]] TENDRIL_OPAQUE void tendril_walk(const Registers*, void (*)(void*), void*) {
    asm("pushq %rbx\n\t"
        ".cfi_def_cfa_offset 16\n\t"
        ".cfi_offset rbx, -16\n\t"
        "movq %rdi, %rbx\n\t"
        "movq %rdx, %rdi\n\t"
        ".cfi_remember_state\n\t"
        ".cfi_escape 0x0f, 3, 0x73, 0, 0x06\n\t"
        ".cfi_escape 0x10, 6, 2, 0x73, 8\n\t"
        ".cfi_escape 0x10, 16, 2, 0x73, 16\n\t"
        ".cfi_undefined rbx\n\t"
        "call *%rsi\n\t"
        ".cfi_restore_state\n\t"
        "popq %rbx\n\t"
        ".cfi_def_cfa_offset 8\n\t"
        ".cfi_restore rbx\n\t"
        "ret");
}
#elif defined(__aarch64__)
// The same through x19, for x29 (the frame pointer) and x30 (the return address).
asm(R"(
    .text
    .p2align 4
    .hidden tendril_walk
    .globl tendril_walk
    .type tendril_walk, %function
tendril_walk:
    .cfi_startproc
    hint #34
    stp x29, x30, [sp, #-32]!
    .cfi_def_cfa_offset 32
    .cfi_offset 29, -32
    .cfi_offset 30, -24
    str x19, [sp, #16]
    .cfi_offset 19, -16
    mov x29, sp
    mov x19, x0
    mov x0, x2
    .cfi_remember_state
    .cfi_escape 0x0f, 3, 0x83, 0, 0x06
    .cfi_escape 0x10, 29, 2, 0x83, 8
    .cfi_escape 0x10, 30, 2, 0x83, 16
    .cfi_undefined 19
    blr x1
    .cfi_restore_state
    ldr x19, [sp, #16]
    ldp x29, x30, [sp], #32
    .cfi_restore 19
    .cfi_restore 29
    .cfi_restore 30
    .cfi_def_cfa_offset 0
    ret
    .cfi_endproc
    .size tendril_walk, .-tendril_walk
)");
#endif

namespace {

void walk_from(const Flow& suspended, Walk& walk) noexcept {
    walk.after = reinterpret_cast<std::uintptr_t>(&tendril_walk);
    tendril_walk(
        &suspended, [](void* argument) { _Unwind_Backtrace(&visit, argument); }, &walk);
}

}  // namespace

#else

namespace {

void walk_from(const Flow&, Walk&) noexcept {}

}  // namespace

#endif

std::size_t backtrace_of(const Flow& suspended, std::span<void*> out) noexcept {
    Walk walk{.out = out, .after = 0};
    walk_from(suspended, walk);
    return walk.size;
}

}  // namespace tendril::detail
