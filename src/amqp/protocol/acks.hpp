// SPDX-License-Identifier: MIT
//
// Acks: what became of the deliveries of one channel, and the basic.ack frames that say so. An ack is only marked; the
// connection's writer turns all marks into as few frames as possible. Pure.
//
//   1. Tags are added in ascending order, and each is settled once.
//   2. A frame with `multiple` covers no tag that is unsettled: it ends below the lowest of these. It names a tag that
//      was acked, as the broker does not know one any more that was rejected or requeued before.
//   3. Memory: in proportion to the unsettled tags, however far apart they are.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include <tendril/detail/base/check.hpp>

namespace tendril::amqp::detail {

class Acks {
public:
    // A delivery that is to be settled. Requires: a higher tag than all before.
    void add(std::uint64_t tag);

    // Whether it was added and is not settled yet.
    bool unsettled(std::uint64_t tag) const noexcept {
        const std::size_t at = find(tag);
        return at < entries_.size() && is_open(at);
    }

    // Marks it. Returns: false when it was not unsettled().
    bool ack(std::uint64_t tag) noexcept;
    // It was rejected or requeued: the caller has appended that frame already. Requires: unsettled().
    void remove(std::uint64_t tag) noexcept;
    // The broker has taken all back (basic.recover): nothing is unsettled or marked any more. Requires: !due().
    void clear() noexcept;

    bool due() const noexcept { return marked_ > 0; }
    std::size_t marked() const noexcept { return marked_; }  // acks that are due
    std::size_t unsettled() const noexcept { return open_; }
    std::uint64_t first_unsettled() const noexcept;  // the lowest tag; UINT64_MAX: none. Cost: O(acks that are due)

    // Calls send(tag, multiple) for each frame that is due, and forgets these marks.
    template <class Send>
    void flush(Send send) {
        std::size_t at = 0;
        std::size_t in_run = 0;
        std::uint64_t last = 0;
        for (; at < entries_.size() && !is_open(at); ++at) {
            if (entries_[at].state == State::acked) {
                last = entries_[at].tag;
                ++in_run;
            }
        }
        if (in_run > 0) {
            send(last, in_run > 1);
        }
        marked_ -= in_run;
        entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(at));
        for (Entry& each : entries_) {
            if (marked_ == 0) {
                break;
            }
            if (each.state == State::acked) {
                send(each.tag, false);
                each.state = State::gone;
                --marked_;
            }
        }
        TENDRIL_ASSERT(marked_ == 0);
        compact();
    }

private:
    enum class State : std::uint8_t { unsettled, acked, gone };
    struct Entry {
        std::uint64_t tag;
        State state;
    };

    std::size_t find(std::uint64_t tag) const noexcept;  // size(): not there
    bool is_open(std::size_t at) const noexcept { return entries_[at].state == State::unsettled; }
    void compact() noexcept;

    std::deque<Entry> entries_;  // by tag; the first is unsettled after each flush()
    std::size_t open_ = 0;       // entries that are unsettled
    std::size_t marked_ = 0;     // ... acked
};

}  // namespace tendril::amqp::detail
