// SPDX-License-Identifier: MIT

#include "net/io_timeout.hpp"

#include <cerrno>
#include <string>
#include <string_view>

#include <tendril/address.hpp>

#include "base/escape.hpp"
#include "base/sys.hpp"
#include "hub/descriptor.hpp"
#include "hub/here.hpp"

namespace tendril::detail {

namespace {

// The other end of a descriptor; its own if there is none.
struct End {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    int peer_error = 0;   // -errno of getpeername
    int local_error = 0;  // -errno of getsockname, which is asked if that failed

    explicit End(int fd) noexcept {
        peer_error = sys::peer_name(fd, reinterpret_cast<sockaddr*>(&address), &size);
        if (peer_error < 0) {
            size = sizeof address;
            local_error = sys::local_name(fd, reinterpret_cast<sockaddr*>(&address), &size);
        }
    }
    std::string text() const {
        if (local_error < 0) {
            return local_error == -ENOTSOCK ? "a pipe" : "a closed descriptor";
        }
        const Address known = Address::from_raw(reinterpret_cast<const sockaddr*>(&address), size);
        return known.family() == AF_UNIX && known.path().empty() ? "an unnamed Unix-domain socket"
                                                                 : escaped(known.to_string());
    }
};

const char* preposition(std::string_view call, const End& end) noexcept {
    const auto does = [&](std::string_view what) { return call.find(what) != std::string_view::npos; };
    if (end.peer_error < 0 && end.local_error >= 0) {
        return " on ";
    }
    return does("send") ? " to " : does("recv") || does("await_data") ? " from " : " with ";
}

[[noreturn]] void time_out_io(const Descriptor& d, const char* call, const TimedOut& how) {
    time_out(how, [call, end = End(d.fd)] { return call + std::string(preposition(call, end)) + end.text(); });
}

}  // namespace

void time_out_wait(const Descriptor& d, const char* call, Progress progress) {
    time_out_io(d, call, {.waited_ns = here::waited_ns(), .done = progress.done, .whole = progress.whole});
}

void time_out_round(const Descriptor& d, const char* call, Progress progress) {
    time_out_io(d, call, {.done = progress.done, .whole = progress.whole});
}

}  // namespace tendril::detail
