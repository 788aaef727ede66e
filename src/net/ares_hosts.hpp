// SPDX-License-Identifier: MIT
//
// The hosts file, as c-ares reads it: in the calling OS thread, at once, anew each time.

#pragma once

#include <ares.h>

#include <string>
#include <string_view>

#include <tendril/dns.hpp>

namespace tendril::detail {

// Return what the file says; nothing in `addresses`, or in `name`, if it says nothing. hosts: a channel that looks into
// files alone, so its callbacks run inside these calls. Throws: std::bad_alloc.
HostInfo addresses_in_hosts(ares_channel hosts, const std::string& host, AddressFamily family);
HostInfo names_in_hosts(ares_channel hosts, const Address& address);

// Adds an alias, unless it is there already, or there are 64.
void add_alias(HostInfo& info, std::string_view name);

}  // namespace tendril::detail
