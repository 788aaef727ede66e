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

#include "base/on_exit.hpp"
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

constexpr std::chrono::milliseconds slice(100);  // of silence, before it checks whether more can come

// Returns: how many bytes came; 0 at the end of the stream.
std::size_t listen_for(Stream& stream, Deadline deadline) {
    std::array<char, 4096> rest;
    return stream.recv({rest.data(), rest.size()}, deadline);
}

void linger(Stream& stream, const LingerLimits& limits) {
    const Deadline end(limits.time);
    stream.shutdown(Shutdown::write, end);
    std::uint64_t heard = 0;
    bool more = true;
    while (more && heard < limits.bytes && !end.passed()) {
        try {
            const std::size_t n = listen_for(stream, std::min(end, Deadline(slice)));
            heard += n;
            more = n > 0;
        } catch (const TimeoutError&) {
            more = heard < limits.expected || sys::unsent(stream.fd()) > 0;
        }
    }
}

}  // namespace

}  // namespace detail

void close_gently(Stream& stream, const LingerLimits& limits) {
    const detail::OnExit closed([&] {
        detail::discard_unread(stream.fd());
        stream.close();
    });
    if (stream.fd() < 0 || (limits.expected == 0 && !detail::needs_linger(stream.fd()))) {
        return;
    }
    try {
        detail::linger(stream, limits);
    } catch (const std::system_error&) {
        // The peer has gone, or takes nothing: nothing more can be done for it.
    }
}

}  // namespace tendril
