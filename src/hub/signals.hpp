// SPDX-License-Identifier: MIT
//
// Signals: how a hub hears of signals.
//
// One handler for all signals that are watched, installed at the first watch of each and taken away with the last. It
// marks the signal in the SignalPost of each hub that watches it, and wakes that hub's backend; the hub looks at its
// post at each poll. Posts are process-wide, in a list that only grows, and are used again: the handler may walk it at
// any moment. Nothing else is shared with the handler.
//
// SIGINT in a program that asked for nothing: the main OS thread's hub watches it by itself when it is made and the
// signal has its default effect. While nobody else watches SIGINT, it throws KeyboardInterrupt in the main green
// thread; one more before that was thrown, or while it unwinds, ends the process, as it would have without us.

#pragma once

#include <array>
#include <cstddef>

#include <tendril/detail/base/list.hpp>

namespace tendril::detail {

struct HubCore;
struct SignalPost;

// Somebody in a hub who watches a signal.
class SignalNode : public ListNode {
public:
    virtual void came() noexcept = 0;  // as a Letter's arrive(): must not wait, throw or run what users wrote

protected:
    ~SignalNode() = default;
};

class Signals {
public:
    static constexpr int numbers = 65;  // 1 to 64, as Linux has them

    explicit Signals(HubCore& hub);
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals();  // whoever watches still, does so no more

    // Throws: std::invalid_argument for a number that cannot be watched; std::system_error.
    void watch(int number, SignalNode& node);
    void unwatch(int number, SignalNode& node) noexcept;

    // At each poll: tells the watchers of what has come.
    void deliver() noexcept;

    // For the hub of the process's main OS thread: SIGINT, as above.
    void watch_interrupt();

    // In the child of a fork() no other OS thread is in a handler, whatever the count says; then this hub's Signals go;
    // then those of hubs that are gone, so that the signals have their former effect.
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

// A KeyboardInterrupt was thrown: the next SIGINT makes another.
void interrupt_delivered() noexcept;

}  // namespace tendril::detail
