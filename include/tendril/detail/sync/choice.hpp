// SPDX-License-Identifier: MIT
//
// Choice: one wait in the lines of several queues; what get_any() is made of. Not for users.
//
// In a line of its own hub it has a stand-in, which is handed an item in its turn; whichever queue is first decides the
// wait, and all other stand-ins are passed over from then on. Of other things it is told that they may have something.

#pragma once

#include <cstddef>
#include <cstdint>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/observer.hpp>
#include <tendril/detail/hub/outcome.hpp>

namespace tendril::detail {

class WaitQueue;

// A queue that get_any() was given.
struct ChoiceSource {
    void* queue;
    void* slot;                             // a std::optional of its items
    bool (*take)(void* queue, void* slot);  // Returns: false when it is empty
    bool (*finished)(void* queue);          // it is shut down
    void (*line_up)(void* queue, class Choice& choice, void* slot);
};

class Choice {
public:
    static constexpr std::size_t none = SIZE_MAX;

    // Takes an item from the first of `n` sources that has one, into its slot; waits until there is one unless deadline
    // is nullptr. Returns: which; none when it did not wait. Throws: Empty when the deadline came first; ShutDown when
    // one of them is shut down and none has an item; Interrupt.
    static std::size_t make(const ChoiceSource* sources, std::size_t n, const Deadline* deadline);

    // For line_up(): each source calls one of them, once.
    void stand_in(WaitQueue& line, void* slot);
    Observer& observer();

    Choice(const Choice&) = delete;
    Choice& operator=(const Choice&) = delete;

private:
    struct Places;
    explicit Choice(Places& places) noexcept : places_(places) {}
    Places& places_;
};

}  // namespace tendril::detail
