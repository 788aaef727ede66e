// SPDX-License-Identifier: MIT
//
// BadPeer: a port of loopback at which nobody listens, or where connections are reset, or accepted by the system and
// never answered. A green thread of this hub resets them.

#pragma once

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tendril/greenlet.hpp>
#include <tendril/select.hpp>

namespace tendril::testing {

class BadPeer {
public:
    enum Kind { refuses, resets, silent };

    explicit BadPeer(Kind kind) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof where;
        auto* address = reinterpret_cast<sockaddr*>(&where);
        EXPECT_EQ(::bind(fd_, address, size), 0);
        EXPECT_EQ(::getsockname(fd_, address, &size), 0);
        port_ = ntohs(where.sin_port);
        if (kind != refuses) {
            EXPECT_EQ(::listen(fd_, 500), 0);
        }
        if (kind == resets) {
            resetter_ = spawn([this] { reset_all(); });
        }
    }
    BadPeer(const BadPeer&) = delete;
    BadPeer& operator=(const BadPeer&) = delete;
    ~BadPeer() {
        if (resetter_) {
            resetter_.kill();
        }
        ::close(fd_);
    }

    int port() const noexcept { return port_; }

private:
    void reset_all() const {
        for (;;) {
            wait_readable(fd_);
            const linger at_once{.l_onoff = 1, .l_linger = 0};
            for (int peer = 0; (peer = ::accept(fd_, nullptr, nullptr)) >= 0; ::close(peer)) {
                ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            }
        }
    }

    int fd_;
    int port_ = 0;
    Greenlet<void> resetter_;
};

}  // namespace tendril::testing
