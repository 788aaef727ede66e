// SPDX-License-Identifier: MIT
//
// Reclaim: gives back the memory that a burst has left: stacks, records, and the room in queues and tables that would
// otherwise only grow.
//
// While no more is free than the hub keeps in any case, nothing happens, and a sleeping hub is not woken. Otherwise the
// hub looks every interval_ns, asleep too: what was free through a whole interval is given back in slices of slice_ns,
// one at each poll while the hub has nothing else to do, and one every between_slices_ns while it has.

#pragma once

#include <cstddef>
#include <cstdint>

namespace tendril::detail {

struct HubCore;

class Reclaim {
public:
    // Long enough that a load that swings every second keeps what it uses.
    static constexpr std::int64_t interval_ns = 1'250'000'000;
    static constexpr std::int64_t slice_ns = 300'000;
    static constexpr std::int64_t between_slices_ns = 10 * slice_ns;

    // For a hub about to sleep: when it must poll again at the latest. INT64_MAX: there is nothing to give back.
    std::int64_t due_ns(const HubCore& hub) noexcept;

    // To be called after a poll.
    void run(HubCore& hub, std::int64_t now_ns) noexcept;

private:
    bool surplus(const HubCore& hub) const noexcept;
    bool slice(HubCore& hub, std::int64_t now_ns) noexcept;

    std::int64_t due_ns_ = INT64_MAX;
    std::size_t freed_bytes_ = 0;  // to the C library, since it was last asked to give back what it keeps
};

}  // namespace tendril::detail
