// SPDX-License-Identifier: MIT
//
// The names of TLS servers: what wrap_ssl() is told, and what a client's hello asks for, in the one form that SNI
// carries and that certificates are compared with. Any OS thread.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tendril::detail {

struct TlsName {
    std::string text;  // a host name in lower case, without a final dot; or an IP address without brackets and zone
    bool is_ip = false;
};

// Throws: std::invalid_argument that quotes the name and says what is wrong with it.
TlsName tls_name(std::string_view name);

// The same for what a peer sent. Returns: nothing for what cannot be a name.
std::optional<std::string> tls_name_of_peer(std::string_view name);

}  // namespace tendril::detail
