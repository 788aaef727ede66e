// SPDX-License-Identifier: MIT
//
// Reports that a green thread ran out of stack: it touches the guard, the kernel sends SIGSEGV, and this handler, on a
// stack of its own, prints which green thread ran. Every other SIGSEGV goes to the previous handler.

#include <ucontext.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/once.hpp"
#include "base/sys.hpp"
#include "context/os_thread.hpp"

namespace tendril::detail {

namespace {

constexpr std::size_t signal_stack_size = std::size_t{64} << 10;  // AMX machines need 11 KiB for the frame alone

struct sigaction before;

void say(const char* text, std::size_t size) noexcept {
    while (size > 0) {
        const ssize_t n = sys::write(STDERR_FILENO, text, size);
        if (n <= 0) {
            return;
        }
        text += n;
        size -= static_cast<std::size_t>(n);
    }
}

// A text built from pieces in a signal handler; leaves out what does not fit.
class Text {
public:
    Text& operator<<(const char* piece) noexcept {
        const std::size_t n = std::min(std::strlen(piece), left());
        std::memcpy(text_ + used_, piece, n);
        used_ += n;
        return *this;
    }
    Text& operator<<(const StackTop& stack) noexcept {
        if (stack.owner == nullptr) {
            return *this << "a green thread that has ended";
        }
        if (left() > 0) {
            used_ += stack.owner->describe(text_ + used_, left());
        }
        return *this;
    }
    Text& operator<<(std::size_t number) noexcept {
        char digits[24];
        std::snprintf(digits, sizeof digits, "%zu", number);
        return *this << digits;
    }
    [[noreturn]] void report_and_abort() const noexcept {
        say(text_, used_);
        sys::default_action(SIGABRT);
        std::abort();
    }

private:
    std::size_t left() const noexcept { return sizeof text_ - used_; }
    char text_[1536];
    std::size_t used_ = 0;
};

std::uintptr_t stack_pointer_at([[maybe_unused]] const void* frame) noexcept {
#if defined(__x86_64__)
    return static_cast<std::uintptr_t>(static_cast<const ucontext_t*>(frame)->uc_mcontext.gregs[REG_RSP]);
#elif defined(__aarch64__)
    return static_cast<const ucontext_t*>(frame)->uc_mcontext.sp;
#else
    return UINTPTR_MAX;  // unknown: then only the guard tells
#endif
}

constexpr char advice[] = "\ntendril: give it a larger stack when spawning it (SpawnOptions::stack_size)";

// The one to blame is the green thread that ran, not the one whose memory was hit: a frame larger than the guard
// reaches into a neighbour's stack or guard, and the stack pointer is there as well.
void explain(const OsThread& os, const void* address, std::uintptr_t sp) noexcept {
    constexpr std::uintptr_t below_sp = 4096;  // a call's return address, a red zone, a probe
    const StackTop* const ran = os.running_stack();
    const StackTop* const hit = os.stacks.find(address);
    const bool guard_hit = hit != nullptr && address < hit->bounds.bottom;
    if (ran != nullptr) {
        const auto at = reinterpret_cast<std::uintptr_t>(address);
        const auto bottom = reinterpret_cast<std::uintptr_t>(ran->bounds.bottom);
        if (guard_hit && hit == ran) {
            (Text() << "tendril: stack overflow in " << *ran << advice << "\n").report_and_abort();
        }
        if (sp < bottom && at < bottom && at + below_sp >= sp) {
            (Text() << "tendril: stack overflow in " << *ran << ", by a frame that reaches " << (bottom - sp) / 1024
                    << " KiB below its stack, past the guard; other stacks may have been overwritten" << advice
                    << ", and compile with -fstack-clash-protection, which stops such a frame at the guard\n")
                .report_and_abort();
        }
    }
    if (guard_hit && hit->owner != nullptr) {
        Text text;
        text << "tendril: the guard below the stack of " << *hit << " was touched by ";
        if (ran != nullptr) {
            text << *ran;
        } else {
            text << "code on the OS thread's own stack";
        }
        (text << ": by a stray pointer or index, no stack has overflowed\n").report_and_abort();
    }
}

void on_fault(int number, siginfo_t* info, void* frame) {
    if (OsThread* os = OsThread::if_any(); os != nullptr && info->si_code > 0) {
        const int error = errno;
        const bool slept = os->hibernation.wake(info->si_addr);
        errno = error;
        if (slept) {
            return;  // the instruction runs again
        }
        explain(*os, info->si_addr, stack_pointer_at(frame));
    }
    if ((before.sa_flags & SA_SIGINFO) != 0) {
        before.sa_sigaction(number, info, frame);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else if (info->si_code > 0) {
        sys::default_action(SIGSEGV);  // the faulting instruction runs again and ends the process
    } else if (before.sa_handler == SIG_DFL) {
        sys::default_action(SIGSEGV);  // sent by kill() or raise(): no instruction will run again
        sys::raise(SIGSEGV);
    }
}

}  // namespace

bool catches_faults() noexcept {
    struct sigaction now {};
    return sys::sigaction(SIGSEGV, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
           now.sa_sigaction == &on_fault;
}

void install_overflow_handler() {
    static constinit Once once;
    once([] {
        struct sigaction ours {};
        ours.sa_sigaction = &on_fault;
        ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
        ::sigemptyset(&ours.sa_mask);
        sys::sigaction(SIGSEGV, &ours, &before);
    });
}

void* give_signal_stack() {
    stack_t there{};
    sys::sigaltstack(nullptr, &there);
    if ((there.ss_flags & SS_DISABLE) == 0) {
        return nullptr;
    }
    stack_t ours{};
    ours.ss_sp = ::operator new(signal_stack_size);
    ours.ss_size = signal_stack_size;
    sys::sigaltstack(&ours, nullptr);
    return ours.ss_sp;
}

void take_signal_stack(void* ours) noexcept {
    if (ours == nullptr) {
        return;
    }
    stack_t there{};
    sys::sigaltstack(nullptr, &there);
    if (there.ss_sp == ours) {
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        sys::sigaltstack(&none, nullptr);
    }
    ::operator delete(ours);
}

}  // namespace tendril::detail
