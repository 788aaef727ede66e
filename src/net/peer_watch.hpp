// SPDX-License-Identifier: MIT
//
// PeerWatch: tells whether a handler ended because its client has gone. Calls on a connection note in its descriptor
// that they found the peer gone (net/transfer.hpp); the note stays even if the handler has moved or closed the socket.

#pragma once

#include <cstdint>

namespace tendril::detail {

struct Descriptor;

class PeerWatch {
public:
    // Watches a connection of this hub. For -1, or a descriptor that the hub does not know, the peer is never gone.
    explicit PeerWatch(int fd) noexcept;

    // Returns a number of the connection that is unique in this hub; 0 if the hub does not know it.
    std::uint64_t connection() const noexcept;

    // Whether the exception that is being handled says that a connection broke, and a call has found this one broken.
    // So a handler's own connection to another server does not count as the client's.
    bool ended_by_peer() const noexcept;

private:
    const Descriptor* descriptor_;
    std::uint32_t generation_;
};

}  // namespace tendril::detail
