// SPDX-License-Identifier: MIT
// Floor: net
//
// The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): a proxy begins each connection with a header
// that names the client it speaks for. Servers read it when StreamServerOptions::proxy_protocol says so.
//
// Trust the header only if nothing but the proxy can connect: any client that can connect directly may claim any
// address.

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

// What a proxy says of a connection.
struct ProxyHeader {
    int version = 1;  // 1 or 2

    // The client's address, and the address that it connected to. Nothing if the connection is the proxy's own (LOCAL:
    // a health check), or if the proxy does not know them (UNKNOWN).
    std::optional<Address> source, destination;  // the client, and where it connected to; unset: the proxy itself

    // Version 2: further fields by type (PP2_TYPE_AUTHORITY is 0x02, PP2_TYPE_SSL 0x20), in their order, uninterpreted.
    std::vector<std::pair<std::uint8_t, std::string>> extras;
};

// Parses the header that these bytes begin with. Never waits.
// Returns: the header's size in bytes; nothing if it is still incomplete.
// Throws: std::system_error (EPROTO) whose text says what is wrong: the bytes are not a header, or one longer than 107
// (version 1) or 4096 bytes (version 2).
std::optional<std::size_t> parse_proxy_header(Bytes bytes, ProxyHeader& header);

// Reads a header from a stream, and not a byte more. Waits, and yields, as recv().
// Throws: as parse_proxy_header(), EPROTO also if the stream ends before the header; TimeoutError; what the stream
// throws; Interrupt. The stream is then of no use any more: part of the header may have been read.
ProxyHeader read_proxy_header(Source& from, Deadline deadline = never);

// Returns the bytes that a proxy sends for this header. If either address is missing: UNKNOWN in version 1, LOCAL in
// version 2.
// Throws: std::invalid_argument for another version, for addresses of different families, or of a family that the
// version cannot express.
std::string make_proxy_header(const ProxyHeader& header);

}  // namespace tendril
