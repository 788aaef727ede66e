// SPDX-License-Identifier: MIT
//
// FromServer, and blame_server(f): f(), whose ProtocolErrors are a server's, as the client sees it: 502, whatever the
// parser that requests and responses share says of it. By that a handler's own requests are told from its client's.

#pragma once

#include <tendril/http/message.hpp>

namespace tendril::http::detail {

// A Source that gives what a server has sent: what a parser over it refuses is that server's fault.
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
