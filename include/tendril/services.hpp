// SPDX-License-Identifier: MIT
// Floor: net
//
// The names of services, "http" for port 80, as services(5) has them. Any OS thread may call these functions.
//
//     service_port("https")               443            service_name(53, Transport::udp)      "domain"
//
// They read /etc/services (getservbyname(3), so nsswitch.conf counts) where the call is made: a short read of a local
// file that does not yield. Where the file is missing, as on a Debian without the package netbase, the most common
// names are known all the same. Addresses may be written with them too: connect("example.org:http").

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/address.hpp>

namespace tendril {

enum class Transport : std::uint8_t { any, tcp, udp };  // whose ports; any: TCP's if it has the name, else UDP's

// Returns the port of a service. Nothing, if there is no such service. Letter case matters: names are in lower case.
std::optional<std::uint16_t> service_port(std::string_view name, Transport transport = Transport::any);

// Returns the name of the service that has this port. Nothing, if it has none.
std::optional<std::string> service_name(Port port, Transport transport = Transport::any);

}  // namespace tendril
