// SPDX-License-Identifier: MIT
//
// Signals: delivers signals to a hub.
//
// One handler serves all watched signals, installed at the first watch of each and removed with the last. It marks the
// signal in the SignalPost of each hub that watches it, and wakes that hub's backend; the hub looks at its post at each
// poll. Posts are process-wide, in a list that only grows, and are reused: the handler may walk the list at any moment.
// Nothing else is shared with the handler.
//
// SIGINT in a program that does not handle it: the hub of the main OS thread watches it by itself if the signal has its
// default effect when the hub is made. While nobody else watches SIGINT, it throws KeyboardInterrupt in the main green
// thread. Another SIGINT before that is thrown, or while it unwinds, ends the process, as it would without tendril.

#pragma once

#include <array>
#include <cstddef>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

struct HubCore;
struct SignalPost;

// Subscribes a watcher in a hub to a signal.
class SignalNode : public ListNode {
public:
    virtual void came() noexcept = 0;  // like a Letter's arrive(): must not wait, throw or run user code

protected:
    ~SignalNode() = default;
};

class Signals {
public:
    static constexpr int numbers = 65;  // 1 to 64, as Linux has them; 0 is a poke

    explicit Signals(HubCore& hub);
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals();  // ends the watches that are left

    // Throws: std::invalid_argument for a number that cannot be watched; std::system_error.
    void watch(int number, SignalNode& node);
    void unwatch(int number, SignalNode& node) noexcept;

    // Notes it in the posts of all hubs, as the handler does. Async-signal-safe. Returns: false: no such number.
    static bool feed(int number) noexcept;

    // A poke is what only the handlers of others send: no signal of the system's. Async-signal-safe; notifies the nodes
    // that watch pokes, in all hubs.
    static void poke() noexcept;
    void watch_pokes(SignalNode& node) noexcept;  // until it is unlinked, or the end of the hub

    // To be called at each poll: notifies the watchers of the signals that have come.
    void deliver() noexcept;

    // For the hub of the process's main OS thread: watches SIGINT, as described above.
    void watch_interrupt();

    // For the child of a fork(), in this order: forget_handlers(), since no other OS thread is in a handler, whatever
    // the count says; the end of this hub's Signals; forget_others(), which drops those of hubs that are gone, so that
    // the signals have their former effect.
    static void forget_handlers() noexcept;
    static void forget_others() noexcept;

private:
    struct Interrupt final : SignalNode {
        HubCore& hub;
        explicit Interrupt(HubCore& h) noexcept : hub(h) {}
        void came() noexcept override;
    };

    HubCore& hub_;
    SignalPost& post_;
    std::array<List<SignalNode>, numbers> watchers_;
    Interrupt interrupt_{hub_};
};

// Notes that the KeyboardInterrupt was thrown: the next SIGINT makes another.
void interrupt_delivered() noexcept;

}  // namespace tendril::detail
