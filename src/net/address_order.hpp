// SPDX-License-Identifier: MIT
//
// The order in which to try a host's addresses: RFC 6724, 6, with the policy table of its section 2.1. Asks the system
// which source address it would use for each, and sends nothing.

#pragma once

#include <optional>
#include <vector>

#include <tendril/address.hpp>

namespace tendril::detail {

// Returns the source address for packets to an IPv4 or IPv6 address; nothing if there is no route, or no descriptor to
// look for one.
std::optional<Address> source_for(const Address& to) noexcept;

// Whether there is a route. Requires: a port that is not 0. Throws: std::system_error: no descriptor or no memory.
bool is_routable(const Address& to);

// Sorts, best first; equals stay in their order. Cost: four system calls for each address, if there are several.
// Throws: std::bad_alloc.
void sort_by_preference(std::vector<Address>& addresses);

}  // namespace tendril::detail
