// SPDX-License-Identifier: MIT
//
// FromServer, and blame_server(f): calls f() and turns its ProtocolErrors into 502, because here the peer is a server,
// whatever status the parser shared with requests gave them. That tells errors of a handler's own requests from those
// of its client's.

#pragma once

#include <tendril/http/message.hpp>

namespace tendril::http::detail {

// Marks a Source of bytes that a server has sent: what a parser over it refuses is that server's fault.
class FromServer {
protected:
    ~FromServer() = default;
};

template <class F>
decltype(auto) blame_server(F&& f) {
    try {
        return f();
    } catch (const ProtocolError& e) {
        if (e.status() == 502) {
            throw;
        }
        throw e.with_status(502);
    }
}

}  // namespace tendril::http::detail
