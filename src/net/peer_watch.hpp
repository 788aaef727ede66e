// SPDX-License-Identifier: MIT
//
// PeerWatch: whether a handler was ended by what its client did. Calls on a connection note in its descriptor that they
// found the peer gone (net/transfer.hpp); the note is found also when the handler has moved or closed the socket.

#pragma once

#include <cstdint>

namespace tendril::detail {

struct Descriptor;

class PeerWatch {
public:
    // A connection of this hub. -1, or what the hub does not know: never gone.
    explicit PeerWatch(int fd) noexcept;

    // The number of the connection in this hub, which is not used again; 0: the hub does not know it.
    std::uint64_t connection() const noexcept;

    // For the exception that is being handled: it says that a connection broke, and a call found that this one had. A
    // handler's own connection to somebody else is not the client's.
    bool ended_by_peer() const noexcept;

private:
    const Descriptor* descriptor_;
    std::uint32_t generation_;
};

}  // namespace tendril::detail
