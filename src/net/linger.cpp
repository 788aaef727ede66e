// SPDX-License-Identifier: MIT

#include "net/linger.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <system_error>

#include <tendril/deadline.hpp>
#include <tendril/error.hpp>
#include <tendril/stream.hpp>

#include "base/sys.hpp"

namespace tendril {

namespace detail {

bool needs_linger(int fd) noexcept {
    return fd >= 0 && (sys::unread(fd) > 0 || sys::unsent(fd) > 0);
}

void discard_unread(int fd) noexcept {
    constexpr int most_calls = 64;
    std::array<char, 4096> rest;
    for (int i = 0; fd >= 0 && i < most_calls; ++i) {
        if (sys::recv(fd, rest.data(), rest.size(), MSG_DONTWAIT) <= 0) {
            return;
        }
    }
}

namespace {

constexpr std::chrono::milliseconds slice(100);  // of silence, after which the acknowledgements are looked at

// Returns: whether the peer may have more to say.
bool listen_for(Stream& stream, std::uint64_t& left, Deadline deadline) {
    std::array<char, 4096> rest;
    const std::size_t n = stream.recv({rest.data(), rest.size()}, deadline);
    left -= std::min<std::uint64_t>(left, n);
    return n > 0 && left > 0;
}

void linger(Stream& stream, const LingerLimits& limits) {
    const Deadline end(limits.time);
    std::uint64_t left = limits.bytes;
    stream.shutdown(Shutdown::write, end);
    for (bool more = left > 0; more && !end.passed();) {
        try {
            more = listen_for(stream, left, std::min(end, Deadline(slice)));
        } catch (const TimeoutError&) {
            more = sys::unsent(stream.fd()) > 0;
        }
    }
}

}  // namespace

}  // namespace detail

void close_gently(Stream& stream, const LingerLimits& limits) {
    struct Closing {
        Stream& stream;
        ~Closing() {
            detail::discard_unread(stream.fd());
            stream.close();
        }
    } const closing{stream};
    if (!detail::needs_linger(stream.fd())) {
        return;
    }
    try {
        detail::linger(stream, limits);
    } catch (const std::system_error&) {
        // The peer has gone, or takes nothing: all has been done for it.
    }
}

}  // namespace tendril
