// SPDX-License-Identifier: MIT

#include "net/control.hpp"

#include <linux/errqueue.h>
#include <netinet/in.h>

#include <cstring>
#include <ctime>
#include <string>

#include <gtest/gtest.h>

namespace tendril::detail {
namespace {

// Returns what is read from one control message with this much data, all of it 0xff.
ReceivedAncillary read(int level, int type, std::size_t size) {
    alignas(cmsghdr) char room[256];
    std::memset(room, 0xff, sizeof room);
    auto* one = reinterpret_cast<cmsghdr*>(room);
    one->cmsg_level = level;
    one->cmsg_type = type;
    one->cmsg_len = CMSG_LEN(size);
    msghdr header{};
    header.msg_control = room;
    header.msg_controllen = CMSG_LEN(size);
    ReceivedAncillary out;
    ControlRoom(RecvMessageOptions()).read(header, out);
    return out;
}

bool empty(const ReceivedAncillary& a) {
    return !a.credentials && !a.packet && !a.time && !a.hop_limit && !a.traffic_class && !a.dropped && !a.error;
}

// Half of a ucred would say that the sender is root.
TEST(Control, WhatWasCutIsNotRead) {
    struct Kind {
        int level, type;
        std::size_t size;
    };
    const Kind kinds[] = {{SOL_SOCKET, SCM_CREDENTIALS, sizeof(ucred)},
                          {SOL_SOCKET, SCM_TIMESTAMPNS, sizeof(timespec)},
                          {SOL_SOCKET, SO_RXQ_OVFL, sizeof(std::uint32_t)},
                          {IPPROTO_IP, IP_PKTINFO, sizeof(in_pktinfo)},
                          {IPPROTO_IP, IP_TTL, sizeof(int)},
                          {IPPROTO_IP, IP_TOS, 1},
                          {IPPROTO_IP, IP_RECVERR, sizeof(sock_extended_err)},
                          {IPPROTO_IPV6, IPV6_PKTINFO, sizeof(in6_pktinfo)},
                          {IPPROTO_IPV6, IPV6_HOPLIMIT, sizeof(int)},
                          {IPPROTO_IPV6, IPV6_TCLASS, sizeof(int)},
                          {IPPROTO_IPV6, IPV6_RECVERR, sizeof(sock_extended_err)}};
    for (const Kind& kind : kinds) {
        const std::string what = std::to_string(kind.level) + ", " + std::to_string(kind.type);
        const ReceivedAncillary whole = read(kind.level, kind.type, kind.size);
        EXPECT_FALSE(empty(whole) || whole.truncated) << what;
        const ReceivedAncillary cut = read(kind.level, kind.type, kind.size - 1);
        EXPECT_TRUE(empty(cut) && cut.truncated) << what;
        EXPECT_TRUE(empty(read(kind.level, kind.type, 0))) << what;
    }
}

}  // namespace
}  // namespace tendril::detail
