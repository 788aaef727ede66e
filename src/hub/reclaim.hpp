// SPDX-License-Identifier: MIT
//
// Reclaim: gives back the memory that a burst has left: stacks, records, and the room in queues and tables that only
// grow otherwise.
//
// Nothing happens, and nothing wakes a hub that sleeps, while there is no more than what is kept in any case. Else the
// hub looks every interval_ns, asleep too: what lay free through a whole interval goes, in slices of slice_ns, one at
// each poll while the hub has nothing else to do, and one every now and then while it has.

#pragma once

#include <cstddef>
#include <cstdint>

namespace tendril::detail {

struct HubCore;

class Reclaim {
public:
    // Loads that swing every second keep what they use.
    static constexpr std::int64_t interval_ns = 1'250'000'000;
    static constexpr std::int64_t slice_ns = 300'000;
    static constexpr std::int64_t between_slices_ns = 10 * slice_ns;

    // For a hub about to sleep: when it must poll again at the latest; INT64_MAX: there is nothing to give back.
    std::int64_t due_ns(const HubCore& hub) noexcept;

    // After a poll.
    void run(HubCore& hub, std::int64_t now_ns) noexcept;

private:
    bool surplus(const HubCore& hub) const noexcept;
    bool slice(HubCore& hub, std::int64_t now_ns) noexcept;

    std::int64_t due_ns_ = INT64_MAX;
    std::size_t freed_bytes_ = 0;  // to the C library, since it was asked to give back what it keeps
};

}  // namespace tendril::detail
