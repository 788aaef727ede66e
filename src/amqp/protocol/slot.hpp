// SPDX-License-Identifier: MIT
//
// Slot: one published message until the broker has said what became of it, and what Confirmations refer to.
//
// Counted: by the Confirms that it is in until it is settled, and by every Confirmation. The last one gives it back to
// its SlotPool, with the room of its texts, so a publisher that is warm allocates nothing. Belongs to one OS thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

#include <tendril/amqp/confirmation.hpp>
#include <tendril/detail/base/check.hpp>
#include <tendril/detail/sync/wait_queue.hpp>

#include "amqp/protocol/kept_content.hpp"

namespace tendril::amqp::detail {

class SlotPool;

struct Slot {
    enum class State : std::uint8_t { open, acked, nacked, failed };  // failed: `error` says why

    explicit Slot(SlotPool& pool) noexcept : home(pool) {}

    bool settled() const noexcept { return state != State::open; }
    std::exception_ptr failure() const;  // nullptr: open, or acked
    // Requires: it is open. Wakes those that wait, in their order.
    void settle(State how, std::exception_ptr why = nullptr) noexcept;

    Confirmation confirmation() noexcept { return Confirmation(*this); }  // one more reference
    void hold() noexcept { ++references; }
    void release() noexcept;

    SlotPool& home;
    std::size_t references = 0;
    State state = State::open;
    bool mandatory = false;
    bool told = false;              // a Confirmation has thrown what went wrong
    std::uint64_t number = 0;       // in the order of publishing, whatever channel
    std::uint64_t fingerprint = 0;  // of a mandatory one: see Confirms::returned()
    std::exception_ptr returned;    // it came back, and its ack is to follow
    std::exception_ptr error;
    KeptContent content;   // for sending again, and empty otherwise
    Slot* next = nullptr;  // in the list that it is in: the free ones, or those that failed
    tendril::detail::WaitQueue waiters{"a Confirmation"};
};

// The Slots of one Confirms, which may be gone before the last of them.
class SlotPool {
public:
    // Throws: std::bad_alloc. Returns: one that is open, with one reference.
    Slot& take();
    void give_back(Slot& slot) noexcept;
    void abandon() noexcept;  // by its owner: it is deleted with the last Slot

private:
    ~SlotPool();
    void forget(Slot& slot) noexcept;

    static constexpr std::size_t most_kept = 4096;
    Slot* free_ = nullptr;
    std::size_t kept_ = 0;
    std::size_t out_ = 0;
    bool abandoned_ = false;
};

}  // namespace tendril::amqp::detail
