// SPDX-License-Identifier: MIT
//
// Connected: a connection of the server, whatever its socket is.

#pragma once

#include <memory>

#include <tendril/address.hpp>
#include <tendril/server.hpp>
#include <tendril/stream.hpp>

namespace tendril::http::detail {

struct Connected {
    Stream& stream;
    void* socket;                                   // what `take` takes
    std::unique_ptr<Stream> (*take)(void* socket);  // moves the socket out
    const Address& peer;
    Serving& serving;
    bool secure;
};

}  // namespace tendril::http::detail
