// SPDX-License-Identifier: MIT
//
// ReplyLine: the answers that one channel awaits, in the order of the calls, which is the order in which the broker
// answers. A call that gives up leaves its place, so that no other call is taken for it; when its answer comes, what it
// brought is undone. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "amqp/protocol/method.hpp"

namespace tendril::amqp::detail {

// What an answer brings that nobody wants any more, and what is to be done with it.
enum class Undo : std::uint8_t {
    nothing,
    requeue,  // get-ok: the message goes back
    cancel,   // consume-ok: the consumer is cancelled
    close,    // channel.open-ok: the channel is closed
};

class ReplyLine {
public:
    // The call itself; it outlives its place, or abandons it. Its meaning is the channel's.
    using Caller = void*;

    struct Place {
        MethodId answer;
        MethodId other;  // basic.get-empty; of no method: there is no other
        Undo undo = Undo::nothing;
        Caller caller = nullptr;  // null: it has given up

        bool abandoned() const noexcept { return caller == nullptr; }
    };

    void push(const Place& place) { places_.push_back(place); }
    void drop_last() noexcept { places_.pop_back(); }  // its call was not sent

    // The caller has given up. Does nothing if its answer was taken already.
    void abandon(Caller caller) noexcept;

    // Whose answer this is. Throws: ProtocolError if the first one awaits another, or if none is awaited: nothing
    // changes then.
    const Place& front(MethodId answer) const;
    Place take(MethodId answer);

    // For the end: the one that has waited longest, without an answer. Requires: !empty().
    Place pop() noexcept;

    bool empty() const noexcept { return places_.empty(); }
    std::size_t size() const noexcept { return places_.size(); }

private:
    std::deque<Place> places_;
};

}  // namespace tendril::amqp::detail
