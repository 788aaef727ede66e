// SPDX-License-Identifier: MIT
//
// The floor: what a switch between stacks costs when there is no decision which one runs next. An inline switch,
// registers declared clobbered instead of saved, left by an indirect jump; between two stacks, and around a ring of
// 1,000. The ring's order is in an array: if each stack named its successor, every switch would wait for a cache line
// of the stack that it has just reached, three times as long as the switch itself, which a scheduler's queue can avoid.

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include "measure.hpp"

namespace {

// One stack's saved state. The assembly below relies on its offsets.
struct Frame {
    void* sp = nullptr;
    void* fp = nullptr;
    void* pc = nullptr;
};
static_assert(offsetof(Frame, sp) == 0 && offsetof(Frame, fp) == 8 && offsetof(Frame, pc) == 16);

// Nothing is pushed on the stack that is left, so its red zone stays intact. The frame pointer cannot be declared
// clobbered where a function uses it, so it is saved.
#if defined(__x86_64__)
[[gnu::always_inline]] inline void switch_to(Frame* from, Frame* to) {
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rsp, 0(%%rdi)\n\t"
                     "movq %%rbp, 8(%%rdi)\n\t"
                     "movq %%rax, 16(%%rdi)\n\t"
                     "movq 0(%%rsi), %%rsp\n\t"
                     "movq 8(%%rsi), %%rbp\n\t"
                     "jmpq *16(%%rsi)\n"
                     "1:"
                     : "+D"(from), "+S"(to)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1",
                       "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                       "xmm13", "xmm14", "xmm15", "cc", "memory");
}
#elif defined(__aarch64__)
[[gnu::always_inline]] inline void switch_to(Frame* from, Frame* to) {
    register Frame* from_register __asm__("x0") = from;  // x18 below is an ordinary register on Linux
    register Frame* to_register __asm__("x1") = to;
    __asm__ volatile("adr x9, 1f\n\t"
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
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
                       "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "v0",
                       "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
                       "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29",
                       "v30", "v31", "cc", "memory");
}
#else
#error "the floor knows x86-64 and aarch64; CMake leaves this program out elsewhere"
#endif

// A new stack begins here: the switch leaves its two frames in the registers where the ABI passes two arguments.
[[noreturn]] void bounce(Frame* from, Frame* self) {
    for (;;) {
        switch_to(self, from);
    }
}

Frame** ring_begin = nullptr;
Frame** ring_end = nullptr;
Frame** ring_next = nullptr;

[[gnu::always_inline]] inline Frame* successor() {
    Frame** const place = ring_next;
    ring_next = place + 1 == ring_end ? ring_begin : place + 1;
    return *place;
}

[[noreturn]] void pass_on(Frame*, Frame* self) {
    for (;;) {
        switch_to(self, successor());
    }
}

// `count` new stacks that begin in `entry`. Each frame lies at the top of its stack, shifted by some cache lines, so
// that frames of different stacks do not fall on the same cache sets.
class Stacks {
public:
    Stacks(std::size_t count, void (*entry)(Frame*, Frame*)) : length_(count * size) {
        base_ = mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base_ == MAP_FAILED) {
            std::perror("floor: mmap");
            std::exit(1);
        }
        for (std::size_t i = 0; i < count; ++i) {
            char* top = static_cast<char*>(base_) + (i + 1) * size - 64 - (i % 32) * 64;
            auto* frame = new (top) Frame;
#if defined(__x86_64__)
            frame->sp = top - 8;  // as a call would have left it: 16-byte aligned before the return address
#else
            frame->sp = top;
#endif
            frame->pc = reinterpret_cast<void*>(entry);
            frames.push_back(frame);
        }
    }

    ~Stacks() {
        munmap(base_, length_);
    }

    Stacks(const Stacks&) = delete;
    Stacks& operator=(const Stacks&) = delete;

    std::vector<Frame*> frames;

private:
    static constexpr std::size_t size = std::size_t{16} * 1024;

    std::size_t length_;
    void* base_;
};

void between_two() {
    Stacks stacks(1, bounce);
    Frame main;
    bench::measure({"floor", __VERSION__}, "yield_2", 2, [&](std::uint64_t n) {
        const bench::Elapsed start = bench::now();
        for (std::uint64_t i = 0; i < n / 2; ++i) {
            switch_to(&main, stacks.frames[0]);
        }
        return bench::now() - start;
    });
}

void round_a_ring() {
    Stacks stacks(999, pass_on);
    Frame main;
    stacks.frames.push_back(&main);
    ring_begin = ring_next = stacks.frames.data();
    ring_end = ring_begin + stacks.frames.size();
    bench::measure({"floor", __VERSION__}, "yield_1000", 1000, [&](std::uint64_t n) {
        const bench::Elapsed start = bench::now();
        for (std::uint64_t i = 0; i < n / 1000; ++i) {
            switch_to(&main, successor());
        }
        return bench::now() - start;
    });
}

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Bench benches[] = {{"yield_2", between_two}, {"yield_1000", round_a_ring}};
    return bench::run_benches(argc, argv, benches);
}
