// SPDX-License-Identifier: MIT
//
// name_frames(): fills in the backtraces of a snapshot, from its return addresses. Apart from the taking, because a hub
// that answers another OS thread leaves the slow part, which reads files, to that.

#pragma once

namespace tendril {
struct HubSnapshot;
}

namespace tendril::detail {

class AddressNames;

void name_frames(HubSnapshot& snapshot, AddressNames& names);  // throws std::bad_alloc

}  // namespace tendril::detail
