// SPDX-License-Identifier: MIT
//
// OsThread: the context floor's state of one OS thread. Made on first use, destroyed with the OS thread, after the hub.

#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "context/flow.hpp"
#include "context/hibernation.hpp"
#include "context/stack_pool.hpp"
#include <tendril/context.hpp>

namespace tendril::detail {

struct ContextState;

// Returns a new id for a raw context or a green thread, unique in the process.
std::uint64_t next_flow_id() noexcept;

// The raw contexts of one green thread (or of an OS thread without a hub). They switch only among themselves.
struct ContextTree {
    std::uint64_t id;                 // of the green thread
    ContextState* root = nullptr;     // stands for the green thread's own stack; made on first use
    ContextState* current = nullptr;  // the running one

    explicit ContextTree(std::uint64_t owner) noexcept : id(owner) {}
    ContextTree(const ContextTree&) = delete;
    ContextTree& operator=(const ContextTree&) = delete;
    // Unwinds the contexts that are still suspended; their owners then see them dead.
    ~ContextTree() { clear(); }
    void clear() noexcept {
        if (root != nullptr) {
            destroy();
        }
    }

    // Whether the running context is being unwound, or an exception that leaves it would arrive in one that unwinds.
    bool unwinds() const noexcept;

    // Returns the green thread's own stack while a raw context runs instead; else nullptr.
    const Flow* suspended_root() const noexcept;

    // For the beginning and the end of a hub: while it exists, the contexts of the OS thread's own stack belong to its
    // main green thread, which has the same id.
    void take_over(ContextTree& other) noexcept {
        root = std::exchange(other.root, nullptr);
        current = std::exchange(other.current, nullptr);
    }

private:
    void destroy() noexcept;
};

// A raw context that has not ended, as snapshots see it.
struct ContextView {
    std::uint64_t id;
    std::uint64_t parent;  // id of the one that made it
    Site where;
    bool started;
    bool running;           // the one of its tree that runs, or waits
    const Flow& flow;       // where it stopped, if it has begun and does not run
    const StackTop* stack;  // nullptr: it has not begun
};
// Returns those of a tree, in the order in which they were made. Throws: std::bad_alloc.
std::vector<ContextView> contexts_of(const ContextTree& tree);

struct OsThread {
    const std::uint64_t serial;  // 1, 2, ...; never reused in the process
    ThreadWords words;
    StackPool stacks;
    Hibernation hibernation{stacks};
    StackBounds own_stack;
    StackBounds* here = &own_stack;  // the current stack; maintained in sanitizer builds only
    ContextTree own_tree{next_flow_id()};
    ContextTree* tree = &own_tree;  // the running green thread's; the hub updates it
    SwitchObserver observer = nullptr;
    bool observing = false;  // inside the observer, where switching is refused
    bool ending = false;     // its contexts are being unwound; too late for a hub

    // Returns this OS thread's, made on first use. Throws: std::logic_error when the OS thread is ending.
    static OsThread& current() {
        if (current_ == nullptr) [[unlikely]] {
            make();
        }
        return *current_;
    }
    static OsThread* if_any() noexcept { return current_; }

    // False if exit() was called on the stack of a green thread or context: then nothing may be destroyed.
    bool on_own_stack() const noexcept { return !stacks.holds(__builtin_frame_address(0)); }

    // Whether main() and what it calls knows nothing of this library. Then exit() unwinds nothing of the first OS
    // thread's, SIGINT is main()'s, and there is no LoopExit. To be set before the first one is made.
    static constinit bool foreign_main;
    // Whether the end of this OS thread, by exit() perhaps, unwinds its green threads and contexts.
    bool unwinds_at_end() const noexcept;

    // Returns the pooled stack of the running green thread or context, known by the last switch, wherever the stack
    // pointer is; nullptr: the OS thread's own stack. Async-signal-safe.
    const StackTop* running_stack() const noexcept;

    // Returns the serial of the calling OS thread, 0 if it has none; works until the OS thread's last instruction.
    static std::uint64_t current_serial() noexcept { return serial_; }

    // To be called when a context has ended without a hub, which would give free stacks back after a while: gives back
    // those that stayed unused while many contexts ended.
    void reclaim_without_hub() noexcept {
        constexpr unsigned many = 1024;
        if (++ended_ % many == 0 && stacks.surplus()) {
            stacks.give_back(INT64_MAX);
            stacks.age();
        }
    }

    // Notifies the observer, if there is one, of a switch.
    void observe(SwitchEvent::Kind kind, std::uint64_t from, std::uint64_t to) {
        if (observer != nullptr) [[unlikely]] {
            call_observer(kind, from, to);
        }
    }
    // Throws: std::logic_error when the OS thread is ending.
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

// Makes an overflow of a pooled stack print whose it was, and abort. Installed once per process.
void install_overflow_handler();
void configure_stack_size();             // by the environment, unless that has happened: see stack_size.hpp
void* give_signal_stack();               // gives the calling OS thread one; nullptr: it already had one
void take_signal_stack(void*) noexcept;  // takes that back

}  // namespace tendril::detail
