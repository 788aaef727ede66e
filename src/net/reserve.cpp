// SPDX-License-Identifier: MIT

#include "net/reserve.hpp"

#include "base/sys.hpp"

namespace tendril::detail {

void Reserve::take() noexcept {
    if (const int fd = sys::eventfd(); fd >= 0) {
        fd_ = Fd(fd);
    }
}

std::size_t Reserve::refuse(int listener, std::size_t most) noexcept {
    std::size_t refused = 0;
    if (!fd_.is_open()) {
        hold();
        return refused;
    }
    fd_.close();
    while (refused < most) {
        const int client = sys::accept(listener, nullptr, nullptr);
        if (client == -EINTR) {
            continue;
        }
        if (client < 0) {
            break;
        }
        sys::set_linger(client, true, 0);  // so that close() resets it
        sys::close(client);
        ++refused;
    }
    hold();
    return refused;
}

}  // namespace tendril::detail
