// SPDX-License-Identifier: MIT

#include "amqp/protocol/acks.hpp"

#include <algorithm>

namespace tendril::amqp::detail {

void Acks::add(std::uint64_t tag) {
    TENDRIL_ASSERT(entries_.empty() || entries_.back().tag < tag);
    entries_.push_back({tag, State::unsettled});
    ++open_;
}

// Mostly there are no gaps, so the distance from the first is the place.
std::size_t Acks::find(std::uint64_t tag) const noexcept {
    if (entries_.empty() || tag < entries_.front().tag) {
        return entries_.size();
    }
    const std::uint64_t guess = tag - entries_.front().tag;
    if (guess < entries_.size() && entries_[guess].tag == tag) {
        return guess;
    }
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), tag,
                                     [](const Entry& entry, std::uint64_t wanted) { return entry.tag < wanted; });
    return at != entries_.end() && at->tag == tag ? static_cast<std::size_t>(at - entries_.begin()) : entries_.size();
}

std::uint64_t Acks::first_unsettled() const noexcept {
    const auto first = std::find_if(entries_.begin(), entries_.end(),
                                    [](const Entry& each) { return each.state == State::unsettled; });
    return first == entries_.end() ? UINT64_MAX : first->tag;
}

bool Acks::ack(std::uint64_t tag) noexcept {
    const std::size_t at = find(tag);
    if (at == entries_.size() || !is_open(at)) {
        return false;
    }
    entries_[at].state = State::acked;
    --open_;
    ++marked_;
    return true;
}

void Acks::remove(std::uint64_t tag) noexcept {
    TENDRIL_ASSERT(unsettled(tag));
    entries_[find(tag)].state = State::gone;
    --open_;
    compact();
}

void Acks::clear() noexcept {
    TENDRIL_ASSERT(!due());
    entries_.clear();
    open_ = 0;
}

// Forgets what is gone: at the front, and everywhere when that is most of it.
void Acks::compact() noexcept {
    while (!entries_.empty() && entries_.front().state == State::gone) {
        entries_.pop_front();
    }
    constexpr std::size_t few = 64;
    if (entries_.size() > few + 2 * (open_ + marked_)) {
        std::erase_if(entries_, [](const Entry& each) { return each.state == State::gone; });
    }
}

}  // namespace tendril::amqp::detail
