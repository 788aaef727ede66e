// SPDX-License-Identifier: MIT
//
// Connected: one accepted connection, over TCP, a Unix-domain socket or TLS.

#pragma once

#include <memory>

#include <tendril/address.hpp>
#include <tendril/server.hpp>
#include <tendril/stream.hpp>

namespace tendril::http::detail {

struct Connected {
    Stream& stream;
    void* socket;                                   // the argument of `take`
    std::unique_ptr<Stream> (*take)(void* socket);  // moves the socket out
    const Address& peer;
    Serving& serving;
    bool secure;
};

}  // namespace tendril::http::detail
