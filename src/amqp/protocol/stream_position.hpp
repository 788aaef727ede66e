// SPDX-License-Identifier: MIT
//
// StreamPosition: where in a stream a consumer goes on after its channel was lost: at the first message that it has not
// settled. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "amqp/protocol/ring.hpp"

namespace tendril::amqp::detail {

class StreamPosition {
public:
    // A message came, with this tag of its channel. first_unsettled: the lowest tag that is not settled. Throws:
    // std::bad_alloc.
    void came(std::uint64_t tag, std::uint64_t offset, std::uint64_t first_unsettled) {
        settled_below(first_unsettled);
        open_.push_back({tag, offset});
    }

    // The channel has ended, with all tags below this one settled.
    void lost(std::uint64_t first_unsettled) noexcept {
        settled_below(first_unsettled);
        if (!open_.empty()) {
            next_ = open_.front().offset;
        }
        open_.truncate(0);
    }

    // Returns: nothing before the first message.
    std::optional<std::uint64_t> next() const noexcept { return next_; }

private:
    struct Place {
        std::uint64_t tag;
        std::uint64_t offset;
    };

    void settled_below(std::uint64_t tag) noexcept {
        while (!open_.empty() && open_.front().tag < tag) {
            next_ = open_.pop_front().offset + 1;
        }
    }

    Ring<Place> open_;  // bounded by the prefetch
    std::optional<std::uint64_t> next_;
};

}  // namespace tendril::amqp::detail
