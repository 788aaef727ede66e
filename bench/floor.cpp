// SPDX-License-Identifier: MIT
//
// The floor: what a switch between stacks costs when nothing decides who runs next. An inline switch, registers
// declared clobbered instead of saved, left by an indirect jump; between two stacks, and round a ring of 1,000.
// No scheduler can be faster on the same processor; tendril's yield is measured against this.

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include "measure.hpp"

namespace {

// One stack's saved state. The assembly below knows the first three by their offsets.
struct Frame {
    void* sp = nullptr;
    void* fp = nullptr;
    void* pc = nullptr;
    Frame* next = nullptr;
};
static_assert(offsetof(Frame, sp) == 0 && offsetof(Frame, fp) == 8 && offsetof(Frame, pc) == 16);

// Nothing is pushed on the stack that is left, so its red zone stays whole. The frame pointer can't be declared
// clobbered where a function uses it, and is saved.
#if defined(__x86_64__)
[[gnu::always_inline]] inline void switch_to(Frame* from, Frame* to) {
    __asm__ volatile(
        "leaq 1f(%%rip), %%rax\n\t"
        "movq %%rsp, 0(%%rdi)\n\t"
        "movq %%rbp, 8(%%rdi)\n\t"
        "movq %%rax, 16(%%rdi)\n\t"
        "movq 0(%%rsi), %%rsp\n\t"
        "movq 8(%%rsi), %%rbp\n\t"
        "jmpq *16(%%rsi)\n"
        "1:"
        : "+D"(from), "+S"(to)
        :
        : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2",
          "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
          "cc", "memory");
}
#elif defined(__aarch64__)
[[gnu::always_inline]] inline void switch_to(Frame* from, Frame* to) {
    register Frame* from_register __asm__("x0") = from;  // x18 below is an ordinary register on Linux
    register Frame* to_register __asm__("x1") = to;
    __asm__ volatile(
        "adr x9, 1f\n\t"
        "mov x10, sp\n\t"
        "str x10, [x0]\n\t"
        "stp x29, x9, [x0, #8]\n\t"
        "ldr x10, [x1]\n\t"
        "ldp x29, x9, [x1, #8]\n\t"
        "mov sp, x10\n\t"
        "br x9\n"
        "1:"
        : "+r"(from_register), "+r"(to_register)
        :
        : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18",
          "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5",
          "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21",
          "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory");
}
#else
#error "the floor knows x86-64 and aarch64; CMake leaves this program out elsewhere"
#endif

Frame* starting = nullptr;  // the frame whose stack is entered for the first time

[[noreturn]] void member() {
    Frame* const self = starting;
    for (;;) {
        switch_to(self, self->next);
    }
}

// A ring of main and `size - 1` stacks. Each frame sits at the top of its stack, shifted by some cache lines, so
// that frames of different stacks don't fall on the same cache sets.
class Ring {
public:
    explicit Ring(std::size_t size) : length_(size * stack_size) {
        base_ = mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base_ == MAP_FAILED) {
            std::perror("floor: mmap");
            std::exit(1);
        }
        Frame* last = &main_;
        for (std::size_t i = 1; i < size; ++i) {
            char* top = static_cast<char*>(base_) + (i + 1) * stack_size - 64 - (i % 32) * 64;
            auto* frame = new (top) Frame;
            frame->sp = top - 8;  // as a call would have left it: 16-byte aligned before the return address
#if defined(__aarch64__)
            frame->sp = top;
#endif
            frame->pc = reinterpret_cast<void*>(&member);
            last->next = frame;
            last = frame;
        }
        last->next = &main_;
        for (Frame* frame = main_.next; frame != &main_; frame = frame->next) {
            enter(frame);
        }
    }

    ~Ring() { munmap(base_, length_); }

    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    void laps(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            switch_to(&main_, main_.next);
        }
    }

private:
    static constexpr std::size_t stack_size = std::size_t{16} * 1024;

    // Runs a new stack up to its first switch, which is made to come back here.
    void enter(Frame* frame) {
        Frame* const next = frame->next;
        frame->next = &main_;
        starting = frame;
        switch_to(&main_, frame);
        frame->next = next;
    }

    std::size_t length_;
    void* base_;
    Frame main_;
};

void ring_of(std::size_t size, const char* name) {
    Ring ring(size);
    bench::measure({"floor", __VERSION__}, name, size, [&](std::uint64_t n) {
        const bench::Elapsed start = bench::now();
        ring.laps(n / size);
        return bench::now() - start;
    });
}

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Bench benches[] = {
        {"yield_2", [] { ring_of(2, "yield_2"); }},
        {"yield_1000", [] { ring_of(1000, "yield_1000"); }},
    };
    return bench::run_benches(argc, argv, benches);
}
