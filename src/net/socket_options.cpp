// SPDX-License-Identifier: MIT

#include <tendril/socket_options.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "net/transfer.hpp"

namespace tendril::detail {

namespace {

constexpr const char* object = "a socket";

}  // namespace

void set_number_option(const Handle& handle, int level, int number, const char* name, int value) {
    if (const int r = sys::set_option(handle.use(object).fd, level, number, value); r < 0) {
        fail(r, std::string("set option ") + name);
    }
}

int get_number_option(const Handle& handle, int level, int number, const char* name) {
    int value = 0;
    if (const int r = sys::get_option(handle.use(object).fd, level, number, value); r < 0) {
        fail(r, std::string("get option ") + name);
    }
    return value;
}

void set_socket_option(const Handle& handle, const LingerOption&, const LingerOption::Value& value) {
    const int seconds = value.has_value() ? number_of_time(value->count(), "linger") : 0;
    if (const int r = sys::set_linger(handle.use(object).fd, value.has_value(), seconds); r < 0) {
        fail(r, "set option linger");
    }
}

LingerOption::Value get_socket_option(const Handle& handle, const LingerOption&) {
    bool on = false;
    int seconds = 0;
    if (const int r = sys::get_linger(handle.use(object).fd, on, seconds); r < 0) {
        fail(r, "get option linger");
    }
    return on ? LingerOption::Value(std::chrono::seconds(seconds)) : std::nullopt;
}

namespace {

// The beginning of the kernel's struct tcp_info (include/uapi/linux/tcp.h). The C library's own is older and shorter,
// and the kernel's header cannot be included next to it.
struct KernelTcpInfo {
    std::uint8_t state, congestion_state, retransmits, probes, backoff, options, scales, flags;
    std::uint32_t rto, ato, snd_mss, rcv_mss, unacked, sacked, lost, retrans, fackets;
    std::uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
    std::uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering, rcv_rtt, rcv_space;
    std::uint32_t total_retrans;
    std::uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    std::uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
    std::uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
    std::uint32_t delivered, delivered_ce;
    std::uint64_t bytes_sent, bytes_retrans;
};
static_assert(offsetof(KernelTcpInfo, total_retrans) == 100 && offsetof(KernelTcpInfo, min_rtt) == 148 &&
              offsetof(KernelTcpInfo, bytes_sent) == 200);

int family_of(int fd, const char* name) {
    int family = AF_UNSPEC;
    if (const int r = sys::get_option(fd, SOL_SOCKET, SO_DOMAIN, family); r < 0) {
        fail(r, std::string("option ") + name);
    }
    return family;
}

}  // namespace

TcpInfo get_socket_option(const Handle& handle, const TcpInfoOption&) {
    KernelTcpInfo raw{};
    get_raw_option(handle, IPPROTO_TCP, TCP_INFO, "tcp_info", &raw, sizeof raw);
    using std::chrono::microseconds;
    using std::chrono::milliseconds;
    return {.state = static_cast<TcpState>(raw.state),
            .round_trip = microseconds(raw.rtt),
            .round_trip_variation = microseconds(raw.rttvar),
            .least_round_trip = microseconds(raw.min_rtt),
            .retransmit_timeout = microseconds(raw.rto),
            .unacknowledged = raw.unacked,
            .lost = raw.lost,
            .retransmitted = raw.retrans,
            .total_retransmits = raw.total_retrans,
            .congestion_window = raw.snd_cwnd,
            .segment_size = raw.snd_mss,
            .path_mtu = raw.pmtu,
            .since_sent = milliseconds(raw.last_data_sent),
            .since_received = milliseconds(raw.last_data_recv),
            .bytes_sent = raw.bytes_sent,
            .bytes_acknowledged = raw.bytes_acked,
            .bytes_received = raw.bytes_received,
            .bytes_unsent = raw.notsent_bytes,
            .delivery_rate = raw.delivery_rate,
            .pacing_rate = raw.pacing_rate};
}

void set_ip_option(const Handle& handle, int v4, int v6, const char* name, int value) {
    const int fd = handle.use(object).fd;
    const int family = family_of(fd, name);
    int r = -ENOPROTOOPT;
    if (family == AF_INET) {
        r = sys::set_option(fd, IPPROTO_IP, v4, value);
    } else if (family == AF_INET6) {
        r = sys::set_option(fd, IPPROTO_IPV6, v6, value);
        sys::set_option(fd, IPPROTO_IP, v4, value);  // for IPv4 packets; a raw socket refuses it, and has none
    }
    if (r < 0) {
        fail(r, std::string("set option ") + name);
    }
}

int get_ip_option(const Handle& handle, int v4, int v6, const char* name) {
    switch (family_of(handle.use(object).fd, name)) {
    case AF_INET:
        return get_number_option(handle, IPPROTO_IP, v4, name);
    case AF_INET6:
        return get_number_option(handle, IPPROTO_IPV6, v6, name);
    default:
        fail(-ENOPROTOOPT, std::string("get option ") + name);
    }
}

void set_text_option(const Handle& handle, int level, int number, const char* name, const std::string& value) {
    if (value.find('\0') != std::string::npos) {
        throw std::invalid_argument(std::string("option ") + name + ": its value has a zero byte");
    }
    set_raw_option(handle, level, number, name, value.c_str(), value.size());
}

std::string get_text_option(const Handle& handle, int level, int number, const char* name) {
    std::array<char, 4096> text{};
    auto size = static_cast<socklen_t>(text.size());
    if (const int r = sys::get_option_raw(handle.use(object).fd, level, number, text.data(), size); r < 0) {
        fail(r, std::string("get option ") + name);
    }
    return {text.data(), ::strnlen(text.data(), size)};
}

void set_raw_option(const Handle& handle, int level, int number, const char* name, const void* value,
                    std::size_t size) {
    const int r = sys::set_option_raw(handle.use(object).fd, level, number, value, static_cast<socklen_t>(size));
    if (r < 0) {
        fail(r, std::string("set option ") + name);
    }
}

void get_raw_option(const Handle& handle, int level, int number, const char* name, void* value, std::size_t size) {
    auto room = static_cast<socklen_t>(size);
    if (const int r = sys::get_option_raw(handle.use(object).fd, level, number, value, room); r < 0) {
        fail(r, std::string("get option ") + name);
    }
}

void refuse_number(const std::string& number, const char* name) {
    throw std::invalid_argument(std::string("option ") + name + ": " + number + " is out of range");
}

int number_of_time(long long count, const char* name) {
    if (count < 0 || count > std::numeric_limits<int>::max()) {
        refuse_number(std::to_string(count), name);
    }
    return static_cast<int>(count);
}

}  // namespace tendril::detail
