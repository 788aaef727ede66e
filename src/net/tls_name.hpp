// SPDX-License-Identifier: MIT
//
// The names of TLS servers, from wrap_ssl()'s options or a client's hello, in the normal form that SNI carries and that
// certificates are compared with. Any OS thread may use it.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tendril::detail {

struct TlsName {
    std::string text;  // a host name in lower case, without a final dot; or an IP address without brackets and zone
    bool is_ip = false;
};

// Returns the normal form. Throws: std::invalid_argument that quotes the name and says what is wrong with it.
TlsName tls_name(std::string_view name);

// The same for a text that a peer sent. Returns: nothing if it is not a valid name.
std::optional<std::string> tls_name_of_peer(std::string_view name);

}  // namespace tendril::detail
