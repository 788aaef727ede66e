// SPDX-License-Identifier: MIT
// Floor: net
//
// TcpInfo: what the kernel measures of one TCP connection: socket.get(option::tcp_info), from either end.
//
//     if (socket.get(option::tcp_info).total_retransmits > 100) warn(socket.peer_address());
//
// A snapshot, which costs one system call and does not wait. tcp(7) and the kernel's include/uapi/linux/tcp.h describe
// the fields. Those that an older kernel does not have are 0.

#pragma once

#include <chrono>
#include <cstdint>

namespace tendril {

// The states of RFC 9293, by the kernel's numbers.
enum class TcpState : std::uint8_t {
    established = 1,
    syn_sent,
    syn_received,
    fin_wait_1,
    fin_wait_2,
    time_wait,
    closed,
    close_wait,
    last_ack,
    listening,
    closing,
};

struct TcpInfo {
    TcpState state = TcpState::closed;  // of the connection

    // The peer's distance, smoothed, and how much it varies; the least ever measured; how long an answer is awaited
    // before a segment is sent again.
    std::chrono::microseconds round_trip{};
    std::chrono::microseconds round_trip_variation{};
    std::chrono::microseconds least_round_trip{};
    std::chrono::microseconds retransmit_timeout{};

    // Of the segments under way: sent and not acknowledged, taken for lost, sent again.
    std::uint32_t unacknowledged = 0;
    std::uint32_t lost = 0;
    std::uint32_t retransmitted = 0;
    std::uint32_t total_retransmits = 0;  // since the connection was made
    std::uint32_t congestion_window = 0;  // in segments
    std::uint32_t segment_size = 0;       // of a full segment to send, in bytes
    std::uint32_t path_mtu = 0;           // in bytes

    // Since the last segment with data, in each direction.
    std::chrono::milliseconds since_sent{};
    std::chrono::milliseconds since_received{};

    std::uint64_t bytes_sent = 0;          // those sent again included
    std::uint64_t bytes_acknowledged = 0;  // by the peer
    std::uint64_t bytes_received = 0;      // from the peer
    std::uint32_t bytes_unsent = 0;        // taken by send(), and still in this machine
    std::uint64_t delivery_rate = 0;       // bytes per second that have lately arrived
    std::uint64_t pacing_rate = 0;         // bytes per second that the kernel sends at most
};

}  // namespace tendril
