// SPDX-License-Identifier: MIT
// Floor: net
//
// The options of connect() and listen(), and the options of sockets, by name and with their types.
//
//     socket.set(option::keep_alive, true);
//     socket.set(option::keep_alive_idle, 30s);
//     int bytes = socket.get(option::receive_buffer);          the kernel answers twice what was set: socket(7)
//
// The manual pages socket(7), tcp(7), ip(7) and ipv6(7) say what each socket option does. set() and get() never wait.
// If an option does not fit the kind of socket, the system refuses it: they throw std::system_error (ENOPROTOOPT).

#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <tendril/address.hpp>
#include <tendril/detail/net/handle.hpp>
#include <tendril/duration.hpp>

namespace tendril {

class Resolver;

struct ConnectOptions {
    // The local address to connect from. Of a host's addresses only those of its family are tried.
    std::optional<Address> bind = std::nullopt;
    // For a host with several addresses: how long to wait for one before the next is tried too (RFC 8305). The next one
    // starts at once if one fails. At most 64 are under way at the same time.
    Duration attempt_delay = std::chrono::milliseconds(250);
    Resolver* resolver = nullptr;  // looks up the host; nullptr: the hub's own
};

struct ListenOptions {
    int backlog = 1024;         // connections that may wait for accept; the system's limit is net.core.somaxconn
    bool reuse_address = true;  // allows a port on which old connections linger
    bool reuse_port = false;    // allows other listeners on the same port; off: starting a server twice is an error
    bool v6_only = false;       // a listener on [::] does not accept IPv4 connections
    // For unix:/path: first removes a socket file on which no process listens. If two servers start at the same moment,
    // one may remove the other's file: do not use it where a second start is likely.
    bool replace_socket_file = false;
};

// A socket option whose value is a bool, int, seconds or milliseconds.
template <class T>
struct SocketOption {
    using Value = T;
    int level;
    int number;
    const char* name;
};

// The option `linger`, whose value may be absent.
struct LingerOption {
    using Value = std::optional<std::chrono::seconds>;
};

namespace option {

// TCP. A listener's options: defer_accept and fast_open.
//   no_delay      sends small pieces at once: Nagle's algorithm is off
//   cork          holds back segments that are not full, for 200 ms at most
//   quick_ack     acknowledges at once; the kernel may turn it off again by itself
//   user_timeout  how long sent data may stay unacknowledged before the connection is given up
//   defer_accept  makes accept() wait for a connection's first data, for about this long
//   fast_open     how many connections may be pending whose data came with their first packet
//   max_segment   the largest segment to send, in bytes

inline constexpr SocketOption<bool> no_delay{IPPROTO_TCP, TCP_NODELAY, "no_delay"};
inline constexpr SocketOption<bool> cork{IPPROTO_TCP, TCP_CORK, "cork"};
inline constexpr SocketOption<bool> quick_ack{IPPROTO_TCP, TCP_QUICKACK, "quick_ack"};
inline constexpr SocketOption<std::chrono::milliseconds> user_timeout{IPPROTO_TCP, TCP_USER_TIMEOUT, "user_timeout"};
inline constexpr SocketOption<std::chrono::seconds> defer_accept{IPPROTO_TCP, TCP_DEFER_ACCEPT, "defer_accept"};
inline constexpr SocketOption<int> fast_open{IPPROTO_TCP, TCP_FASTOPEN, "fast_open"};
inline constexpr SocketOption<int> max_segment{IPPROTO_TCP, TCP_MAXSEG, "max_segment"};

// TCP: probing whether the peer of an idle connection is still there. The first probe is sent after `idle`, the next
// ones after `interval` each; after `count` probes without an answer the connection is given up.
inline constexpr SocketOption<bool> keep_alive{SOL_SOCKET, SO_KEEPALIVE, "keep_alive"};
inline constexpr SocketOption<std::chrono::seconds> keep_alive_idle{IPPROTO_TCP, TCP_KEEPIDLE, "keep_alive_idle"};
inline constexpr SocketOption<std::chrono::seconds> keep_alive_interval{IPPROTO_TCP, TCP_KEEPINTVL,
                                                                        "keep_alive_interval"};
inline constexpr SocketOption<int> keep_alive_count{IPPROTO_TCP, TCP_KEEPCNT, "keep_alive_count"};

// Every kind of socket; socket(7) describes them. Buffer sizes are in bytes.
inline constexpr SocketOption<bool> reuse_address{SOL_SOCKET, SO_REUSEADDR, "reuse_address"};
inline constexpr SocketOption<bool> reuse_port{SOL_SOCKET, SO_REUSEPORT, "reuse_port"};
inline constexpr SocketOption<bool> broadcast{SOL_SOCKET, SO_BROADCAST, "broadcast"};
inline constexpr SocketOption<int> send_buffer{SOL_SOCKET, SO_SNDBUF, "send_buffer"};
inline constexpr SocketOption<int> receive_buffer{SOL_SOCKET, SO_RCVBUF, "receive_buffer"};
inline constexpr SocketOption<int> priority{SOL_SOCKET, SO_PRIORITY, "priority"};
inline constexpr SocketOption<int> mark{SOL_SOCKET, SO_MARK, "mark"};
inline constexpr SocketOption<int> incoming_cpu{SOL_SOCKET, SO_INCOMING_CPU, "incoming_cpu"};
inline constexpr SocketOption<int> pending_error{SOL_SOCKET, SO_ERROR, "pending_error"};  // get() clears it
inline constexpr SocketOption<int> kind{SOL_SOCKET, SO_TYPE, "kind"};  // SOCK_STREAM, ...; get() only

// How long close() waits for sent data to arrive before it resets the connection; 0 resets it at once; nothing: off.
// close() would block the hub while it waits: use 0 or nothing. close_gently() in stream.hpp waits without that.
inline constexpr LingerOption linger{};

// IPv4 and IPv6: v6_only excludes IPv4 from a socket on [::]; ttl (IPv4) and hop_limit (IPv6) count the routers that a
// packet may pass; the multicast options hold for packets to groups, which are not looped back if multicast_loop is
// off.

inline constexpr SocketOption<bool> v6_only{IPPROTO_IPV6, IPV6_V6ONLY, "v6_only"};
inline constexpr SocketOption<int> ttl{IPPROTO_IP, IP_TTL, "ttl"};
inline constexpr SocketOption<int> tos{IPPROTO_IP, IP_TOS, "tos"};
inline constexpr SocketOption<int> hop_limit{IPPROTO_IPV6, IPV6_UNICAST_HOPS, "hop_limit"};
inline constexpr SocketOption<int> multicast_ttl{IPPROTO_IP, IP_MULTICAST_TTL, "multicast_ttl"};
inline constexpr SocketOption<bool> multicast_loop{IPPROTO_IP, IP_MULTICAST_LOOP, "multicast_loop"};
inline constexpr SocketOption<int> multicast_hops{IPPROTO_IPV6, IPV6_MULTICAST_HOPS, "multicast_hops"};

}  // namespace option

namespace detail {

// Throw: std::system_error that names the option (EBADF: closed); WrongThread.
void set_number_option(const Handle& handle, int level, int number, const char* name, int value);
int get_number_option(const Handle& handle, int level, int number, const char* name);
void set_socket_option(const Handle& handle, const LingerOption& option, const LingerOption::Value& value);
LingerOption::Value get_socket_option(const Handle& handle, const LingerOption& option);

// Throws: std::invalid_argument for a negative time, or one that an int cannot hold.
int number_of_time(long long count, const char* name);

[[noreturn]] void refuse_number(const std::string& number, const char* name);

// Returns the value as the option's type. Throws: std::invalid_argument for a number that an int cannot hold.
template <class T, class V>
T option_value(const SocketOption<T>& option, const V& value) {
    if constexpr (std::is_same_v<T, int> && std::is_integral_v<V> && !std::is_same_v<V, bool>) {
        if (!std::in_range<int>(value)) {
            refuse_number(std::to_string(value), option.name);
        }
        return static_cast<int>(value);
    } else {
        static_assert(!std::is_floating_point_v<V>, "an option's value is a bool, a whole number or a duration");
        return value;
    }
}
template <class V>
LingerOption::Value option_value(const LingerOption&, const V& value) {
    return value;
}

template <class T>
void set_socket_option(const Handle& handle, const SocketOption<T>& option, const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
        set_number_option(handle, option.level, option.number, option.name, static_cast<int>(value));
    } else {
        set_number_option(handle, option.level, option.number, option.name, number_of_time(value.count(), option.name));
    }
}

template <class T>
T get_socket_option(const Handle& handle, const SocketOption<T>& option) {
    const int value = get_number_option(handle, option.level, option.number, option.name);
    if constexpr (std::is_same_v<T, bool>) {
        return value != 0;
    } else {
        return T(value);
    }
}

}  // namespace detail
}  // namespace tendril
