// SPDX-License-Identifier: MIT
//
// OsThread: what the context floor keeps per OS thread. Made on first use, gone with the thread, after the hub.

#pragma once

#include <cstdint>
#include <utility>

#include "context/flow.hpp"
#include "context/stack_pool.hpp"
#include <tendril/context.hpp>

namespace tendril::detail {

struct ContextState;

// Numbers for raw contexts and green threads alike: unique in the process.
std::uint64_t next_flow_id() noexcept;

// The raw contexts of one green thread (or of an OS thread without a hub): they switch among themselves only.
struct ContextTree {
    std::uint64_t id;                 // of the green thread
    ContextState* root = nullptr;     // stands for the green thread's own stack; made on first use
    ContextState* current = nullptr;  // the one that runs

    explicit ContextTree(std::uint64_t owner) noexcept : id(owner) {}
    ContextTree(const ContextTree&) = delete;
    ContextTree& operator=(const ContextTree&) = delete;
    // Unwinds what is suspended still; their owners find them dead.
    ~ContextTree() { clear(); }
    void clear() noexcept {
        if (root != nullptr) {
            destroy();
        }
    }

    // Is the running context being unwound, or would an exception that leaves it arrive in one that unwinds?
    bool unwinds() const noexcept;

    // The green thread's own stack, while a raw context runs instead; else nullptr.
    const Flow* suspended_root() const noexcept;

    // The hub comes and goes: the contexts of the OS thread's own stack are its main green thread's meanwhile. Same id.
    void take_over(ContextTree& other) noexcept {
        root = std::exchange(other.root, nullptr);
        current = std::exchange(other.current, nullptr);
    }

private:
    void destroy() noexcept;
};

struct OsThread {
    const std::uint64_t serial;  // 1, 2, ...; never used twice in a process
    ThreadWords words;
    StackPool stacks;
    StackBounds own_stack;
    StackBounds* here = &own_stack;  // the stack that runs; kept up in sanitizer builds only
    ContextTree own_tree{next_flow_id()};
    ContextTree* tree = &own_tree;  // of the green thread that runs; the hub moves it along
    SwitchObserver observer = nullptr;
    bool observing = false;  // inside the observer, where switching is refused
    bool ending = false;     // its contexts are being unwound; too late for a hub

    // This OS thread's. Throws: std::logic_error when the thread is in its last breath.
    static OsThread& current() {
        if (current_ == nullptr) [[unlikely]] {
            make();
        }
        return *current_;
    }
    static OsThread* if_any() noexcept { return current_; }

    // False when exit() was called on the stack of a green thread or context: then nothing of it may be taken down.
    bool on_own_stack() const noexcept { return !stacks.holds(__builtin_frame_address(0)); }

    // The pooled stack of the green thread or context that runs, known by what was switched to last, wherever the stack
    // pointer is; nullptr: the OS thread's own stack. Async-signal-safe.
    const StackTop* running_stack() const noexcept;

    // The serial of the calling OS thread, 0 if it has none; stays known until the thread's last instruction.
    static std::uint64_t current_serial() noexcept { return serial_; }

    // A context has ended, and there is no hub that would give free stacks back after a while: what was not used again
    // while many ended, goes.
    void reclaim_without_hub() noexcept {
        constexpr unsigned many = 1024;
        if (++ended_ % many == 0 && stacks.surplus()) {
            stacks.give_back(INT64_MAX);
            stacks.age();
        }
    }

    // Tells the observer, if there is one, of a switch.
    void observe(SwitchEvent::Kind kind, std::uint64_t from, std::uint64_t to) {
        if (observer != nullptr) [[unlikely]] {
            call_observer(kind, from, to);
        }
    }
    // Throws: std::logic_error in the last breath of the thread.
    void refuse_when_ending() const {
        if (ending) {
            throw_ending();
        }
    }
    // Throws: std::logic_error inside the observer.
    void refuse_in_observer() const {
        if (observing) [[unlikely]] {
            throw_in_observer();
        }
    }

    OsThread(const OsThread&) = delete;
    OsThread& operator=(const OsThread&) = delete;

private:
    OsThread();
    ~OsThread();
    static void make();
    void call_observer(SwitchEvent::Kind kind, std::uint64_t from, std::uint64_t to);
    [[noreturn]] static void throw_in_observer();
    [[noreturn]] static void throw_ending();

    struct Owner;
    static constinit thread_local OsThread* current_ [[gnu::tls_model("initial-exec")]];
    static constinit thread_local std::uint64_t serial_ [[gnu::tls_model("initial-exec")]];
    void* signal_stack_ = nullptr;
    unsigned ended_ = 0;  // contexts, without a hub
};

// From now on an overflow of a pooled stack prints who ran, and aborts; once per process, then per OS thread.
void install_overflow_handler();
void* give_signal_stack();               // to the calling OS thread, if it has none; nullptr: it had one
void take_signal_stack(void*) noexcept;  // back again

}  // namespace tendril::detail
