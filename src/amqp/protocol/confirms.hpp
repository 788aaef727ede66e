// SPDX-License-Identifier: MIT
//
// Confirms: the messages that were published in confirm mode and whose fate the broker has not told yet, in their
// order. Pure; the reader of the connection feeds what the broker says into it.
//
//   1. Those that are sent have the tags from lowest_ on, without a gap; those that are not sent yet stand behind them.
//   2. The first one is open, and so is the first of those that are not sent.
//   3. Every Slot that was added is settled exactly once.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>

#include <tendril/amqp/message.hpp>

#include "amqp/protocol/ring.hpp"
#include "amqp/protocol/slot.hpp"

namespace tendril::amqp::detail {

// What tells one message from another when it comes back: a return has no tag.
std::uint64_t fingerprint_of(std::string_view routing_key, std::string_view message_id, const Properties& properties,
                             std::string_view body) noexcept;
inline std::uint64_t fingerprint_of(std::string_view routing_key, const Message& message) noexcept {
    return fingerprint_of(routing_key, message.properties.message_id, message.properties, message.body);
}

class Confirms {
public:
    // Called when any number of Slots have just been settled, once for each frame of the broker's.
    struct Listener {
        virtual void slots_settled() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    explicit Confirms(Listener* listener = nullptr);
    Confirms(const Confirms&) = delete;
    Confirms& operator=(const Confirms&) = delete;
    ~Confirms();  // what is open is Unconfirmed (closed)

    // Adds a message that is about to be sent, at once, or by next_unsent(). It has a reference of its own, which the
    // caller need not take: confirmation() makes another. Throws: std::bad_alloc, with nothing changed.
    Slot& add();
    // Takes back what add() has added, as it could not be sent. Requires: it was the last one, and is not sent.
    void remove_last() noexcept;

    // The one that is acked already, which all have that is published without confirms. Throws: std::bad_alloc.
    Slot& settled_already();

    // The first that is not sent on this channel; nullptr: all are. sent(): it is now.
    Slot* next_unsent() noexcept;
    void sent() noexcept;

    // It cannot be sent: settles it by this error. Requires: next_unsent().
    void fail_unsent(const std::exception_ptr& error) noexcept;

    // From the broker. Returns: false for a tag that was never given: a breach of the protocol.
    bool acked(std::uint64_t tag, bool multiple) noexcept { return told(tag, multiple, Slot::State::acked); }
    bool nacked(std::uint64_t tag, bool multiple) noexcept { return told(tag, multiple, Slot::State::nacked); }
    // A return precedes the ack of its message, but not immediately: RabbitMQ may send several, and then one ack for
    // all. They come in the order of publishing, so it is the next one with this fingerprint. Its ack fails it by
    // `error`.
    void returned(std::uint64_t fingerprint, std::exception_ptr error) noexcept;

    // A new channel: those that are open are numbered anew, in their order, and none is sent.
    void begin_again() noexcept;
    // Settles those that are sent, or all, by an error.
    void fail_sent(const std::exception_ptr& error) noexcept;
    void fail_all(const std::exception_ptr& error) noexcept;

    std::size_t unsettled() const noexcept { return unsettled_; }
    std::size_t unsent() const noexcept { return slots_.size() - sent_; }
    std::uint64_t last_number() const noexcept { return last_number_; }
    // Whether all up to this number are settled.
    bool settled_through(std::uint64_t number) const noexcept { return slots_.empty() || slots_[0]->number > number; }

    // The error of the first that failed, up to this number, and that no Confirmation has thrown. All failures up to
    // there count as told from then on.
    std::exception_ptr take_failure(std::uint64_t through);

private:
    bool told(std::uint64_t tag, bool multiple, Slot::State how) noexcept;
    void settle(Slot& slot, Slot::State how, std::exception_ptr error = nullptr) noexcept;
    void fail_first(std::size_t count, const std::exception_ptr& error) noexcept;
    void drop_settled() noexcept;
    void note_failure(Slot& slot) noexcept;
    void drop_failures(std::uint64_t through, bool only_told) noexcept;
    void notify() noexcept;

    static constexpr std::size_t most_failures = 1000;  // that are kept for take_failure()

    Listener* listener_;
    SlotPool& pool_;
    Ring<Slot*> slots_;
    Slot* settled_already_ = nullptr;  // made when it is first asked for
    std::size_t sent_ = 0;             // how many of the first are sent
    std::size_t unsettled_ = 0;
    std::uint64_t lowest_ = 1;       // tag of the first
    std::uint64_t returned_to_ = 1;  // the next return is of this tag at the earliest
    std::uint64_t last_number_ = 0;
    Slot* failures_ = nullptr;  // in the order in which they failed, the last one first; each held
    std::size_t failure_count_ = 0;
};

}  // namespace tendril::amqp::detail
