// SPDX-License-Identifier: MIT
//
// What happens when a green thread runs out of stack: it touches the guard, the kernel sends SIGSEGV, and this
// handler, on a stack of its own, prints whose stack it was. Every other SIGSEGV goes to the handler that was there
// before.

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

#include "base/sys.hpp"
#include "context/os_thread.hpp"

namespace tendril::detail {

namespace {

constexpr std::size_t signal_stack_size = std::size_t{64} << 10;  // AMX machines need some 11 KiB for the frame alone

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

[[noreturn]] void report_and_abort(const StackTop& stack) noexcept {
    char text[512];
    constexpr char head[] = "tendril: stack overflow in ";
    constexpr char tail[] = "\ntendril: give it a larger stack when spawning it (SpawnOptions::stack_size)\n";
    std::memcpy(text, head, sizeof head - 1);
    std::size_t n = sizeof head - 1;
    n += stack.owner->describe(text + n, sizeof text - n - sizeof tail);
    std::memcpy(text + n, tail, sizeof tail - 1);
    say(text, n + sizeof tail - 1);
    ::signal(SIGABRT, SIG_DFL);
    std::abort();
}

void on_fault(int number, siginfo_t* info, void* frame) {
    if (OsThread* os = OsThread::if_any(); os != nullptr && info->si_code > 0) {
        if (const StackTop* stack = os->stacks.guard_hit(info->si_addr); stack != nullptr) {
            report_and_abort(*stack);
        }
    }
    if ((before.sa_flags & SA_SIGINFO) != 0) {
        before.sa_sigaction(number, info, frame);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else if (info->si_code > 0) {
        ::signal(SIGSEGV, SIG_DFL);  // the faulting instruction runs again and ends the process
    } else if (before.sa_handler == SIG_DFL) {
        ::signal(SIGSEGV, SIG_DFL);  // by kill() or raise(): no instruction will
        ::raise(SIGSEGV);
    }
}

}  // namespace

void install_overflow_handler() {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction ours {};
        ours.sa_sigaction = &on_fault;
        ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
        ::sigemptyset(&ours.sa_mask);
        ::sigaction(SIGSEGV, &ours, &before);
    });
}

void* give_signal_stack() {
    stack_t there{};
    ::sigaltstack(nullptr, &there);
    if ((there.ss_flags & SS_DISABLE) == 0) {
        return nullptr;
    }
    stack_t ours{};
    ours.ss_sp = ::operator new(signal_stack_size);
    ours.ss_size = signal_stack_size;
    ::sigaltstack(&ours, nullptr);
    return ours.ss_sp;
}

void take_signal_stack(void* ours) noexcept {
    if (ours == nullptr) {
        return;
    }
    stack_t there{};
    ::sigaltstack(nullptr, &there);
    if (there.ss_sp == ours) {
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        ::sigaltstack(&none, nullptr);
    }
    ::operator delete(ours);
}

}  // namespace tendril::detail
