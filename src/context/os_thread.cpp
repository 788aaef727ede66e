// SPDX-License-Identifier: MIT

#include "context/os_thread.hpp"

#include <pthread.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "base/libc.hpp"
#include "base/sys.hpp"

namespace tendril::detail {

constinit thread_local OsThread* OsThread::current_ = nullptr;
constinit thread_local std::uint64_t OsThread::serial_ = 0;
constinit bool OsThread::foreign_main = false;

namespace {

std::uint64_t next_serial() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

StackBounds bounds_of_this_thread() noexcept {
    StackBounds bounds;
    pthread_attr_t attributes;
    if (libc.pthread_getattr_np(libc.pthread_self(), &attributes) == 0) {
        void* bottom = nullptr;
        ::pthread_attr_getstack(&attributes, &bottom, &bounds.size);
        bounds.bottom = bottom;
        ::pthread_attr_destroy(&attributes);
    }
#ifdef TENDRIL_TSAN
    bounds.tsan_fiber = __tsan_get_current_fiber();
#endif
    return bounds;
}

// Refuses shadow stacks: our switch would run one stack's return addresses against the shadow of another.
void refuse_shadow_stack() noexcept {
#if defined(__x86_64__)
    std::uint64_t shadow = 0;
    asm volatile("rdsspq %0" : "+r"(shadow));  // does nothing if no shadow stack is active
    if (shadow != 0) {
        std::fputs("tendril: this process runs with a shadow stack (CET), which green threads cannot switch; "
                   "start it with GLIBC_TUNABLES=glibc.cpu.hwcaps=-SHSTK\n",
                   stderr);
        std::abort();
    }
#endif
}

}  // namespace

struct OsThread::Owner {
    bool gone = false;
    ~Owner() {
        gone = true;
        if (current_ != nullptr && current_->unwinds_at_end()) {
            current_->ending = true;
            delete current_;
            current_ = nullptr;
        }
    }
};

OsThread::OsThread() : serial(next_serial()), own_stack(bounds_of_this_thread()) {
    refuse_shadow_stack();
    configure_stack_size();
    install_overflow_handler();
    signal_stack_ = give_signal_stack();
}

OsThread::~OsThread() {
    take_signal_stack(signal_stack_);
}

bool OsThread::unwinds_at_end() const noexcept {
    return on_own_stack() && !(foreign_main && sys::on_first_thread());
}

void OsThread::make() {
    static thread_local Owner owner;
    if (owner.gone) {
        throw_ending();
    }
    current_ = new OsThread;
    serial_ = current_->serial;
}

void OsThread::call_observer(SwitchEvent::Kind kind, std::uint64_t from, std::uint64_t to) {
    refuse_in_observer();
    observing = true;
    observer({kind, from, to});
    observing = false;
}

void OsThread::throw_ending() {
    throw std::logic_error("this OS thread is ending: no green thread or context can begin on it any more");
}

void OsThread::throw_in_observer() {
    throw std::logic_error(
        "a switch observer must not switch: no context or green thread can be switched to, and nothing can "
        "wait, until it returns");
}

// Takes ids in blocks per OS thread: an atomic increment would cost a fifth of a spawn.
std::uint64_t next_flow_id() noexcept {
    constexpr std::uint64_t block = 4096;
    static std::atomic<std::uint64_t> next_block{1};
    static constinit thread_local std::uint64_t next = 0;
    if (next % block == 0) [[unlikely]] {
        next = next_block.fetch_add(1, std::memory_order_relaxed) * block - (block - 1);
    }
    return next++;
}

}  // namespace tendril::detail
