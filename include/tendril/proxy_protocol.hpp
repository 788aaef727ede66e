// SPDX-License-Identifier: MIT
// Floor: net
//
// The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): a proxy says in front of the stream who its
// client is. StreamServerOptions::proxy_protocol reads it for a server.
//
// Believe it only from the proxy: who can connect by himself may say anything.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tendril/address.hpp>
#include <tendril/bytes.hpp>
#include <tendril/deadline.hpp>
#include <tendril/stream.hpp>

namespace tendril {

struct ProxyHeader {
    int version = 1;
    // The client's address, and that to which it connected. Nothing: the connection is the proxy's own (LOCAL: a health
    // check), or it does not know (UNKNOWN).
    std::optional<Address> source, destination;
    // Version 2: what follows, by type (PP2_TYPE_AUTHORITY is 0x02, PP2_TYPE_SSL 0x20), as it came.
    std::vector<std::pair<std::uint8_t, std::string>> extras;
};

// The header at the beginning of these bytes.
// Returns: its size; nothing when more bytes are needed to know.
// Throws: std::system_error (EPROTO) that says what is wrong: it is none, or one past 107 (version 1) or 4096 bytes.
std::optional<std::size_t> parse_proxy_header(Bytes bytes, ProxyHeader& header);

// Reads the header, and not a byte more. Throws: as parse_proxy_header(), EPROTO also when the stream ends before;
// TimeoutError; what the stream throws; Interrupt.
ProxyHeader read_proxy_header(Source& from, Deadline deadline = never);

// What a proxy sends. version: 1 or 2. Without addresses: UNKNOWN, LOCAL.
// Throws: std::invalid_argument for addresses that are not of the same kind, or that the version cannot say.
std::string make_proxy_header(const ProxyHeader& header);

}  // namespace tendril
