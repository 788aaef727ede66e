// SPDX-License-Identifier: MIT
// Floor: net
//
// The options of connecting and of listening; and those of sockets, by name and with their types.
//
//     socket.set(option::keep_alive, true);
//     socket.set(option::keep_alive_idle, 30s);
//     int bytes = socket.get(option::receive_buffer);          the kernel answers twice what was set: socket(7)
//
// Where an option does not fit the kind of socket the system refuses it: std::system_error, ENOPROTOOPT. What each one
// does is in socket(7), tcp(7), ip(7) and ipv6(7).

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
    std::optional<Address> bind = std::nullopt;  // connect from here; of a host's addresses only its family is tried
    // Of a host with several addresses, the next is tried besides after so long without success, or when one fails (RFC
    // 8305); 64 at most at once.
    Duration attempt_delay = std::chrono::milliseconds(250);
    Resolver* resolver = nullptr;  // that looks a host up; nullptr: the hub's own
};

struct ListenOptions {
    int backlog = 1024;         // connections that wait for accept; the system's limit is net.core.somaxconn
    bool reuse_address = true;  // a port whose old connections linger may be taken
    bool reuse_port = false;    // other listeners may share the port; off: two servers by mistake are an error
    bool v6_only = false;       // a listener on [::] is not one on 0.0.0.0 too
    // unix:/path: a socket file there on which nobody listens is removed first. Of two servers that start at the same
    // moment one may remove the other's: not where a second start is likely.
    bool replace_socket_file = false;
};

// T: bool, int, seconds, milliseconds.
template <class T>
struct SocketOption {
    using Value = T;
    int level;
    int number;
    const char* name;
};

struct LingerOption {
    using Value = std::optional<std::chrono::seconds>;
};

namespace option {

inline constexpr SocketOption<bool> no_delay{IPPROTO_TCP, TCP_NODELAY, "no_delay"};
inline constexpr SocketOption<bool> cork{IPPROTO_TCP, TCP_CORK, "cork"};
inline constexpr SocketOption<bool> quick_ack{IPPROTO_TCP, TCP_QUICKACK, "quick_ack"};
inline constexpr SocketOption<std::chrono::milliseconds> user_timeout{IPPROTO_TCP, TCP_USER_TIMEOUT, "user_timeout"};
inline constexpr SocketOption<std::chrono::seconds> defer_accept{IPPROTO_TCP, TCP_DEFER_ACCEPT, "defer_accept"};
inline constexpr SocketOption<int> fast_open{IPPROTO_TCP, TCP_FASTOPEN, "fast_open"};
inline constexpr SocketOption<int> max_segment{IPPROTO_TCP, TCP_MAXSEG, "max_segment"};

inline constexpr SocketOption<bool> keep_alive{SOL_SOCKET, SO_KEEPALIVE, "keep_alive"};
inline constexpr SocketOption<std::chrono::seconds> keep_alive_idle{IPPROTO_TCP, TCP_KEEPIDLE, "keep_alive_idle"};
inline constexpr SocketOption<std::chrono::seconds> keep_alive_interval{IPPROTO_TCP, TCP_KEEPINTVL,
                                                                        "keep_alive_interval"};
inline constexpr SocketOption<int> keep_alive_count{IPPROTO_TCP, TCP_KEEPCNT, "keep_alive_count"};

inline constexpr SocketOption<bool> reuse_address{SOL_SOCKET, SO_REUSEADDR, "reuse_address"};
inline constexpr SocketOption<bool> reuse_port{SOL_SOCKET, SO_REUSEPORT, "reuse_port"};
inline constexpr SocketOption<bool> broadcast{SOL_SOCKET, SO_BROADCAST, "broadcast"};
inline constexpr SocketOption<int> send_buffer{SOL_SOCKET, SO_SNDBUF, "send_buffer"};
inline constexpr SocketOption<int> receive_buffer{SOL_SOCKET, SO_RCVBUF, "receive_buffer"};
inline constexpr SocketOption<int> priority{SOL_SOCKET, SO_PRIORITY, "priority"};
inline constexpr SocketOption<int> mark{SOL_SOCKET, SO_MARK, "mark"};
inline constexpr SocketOption<int> incoming_cpu{SOL_SOCKET, SO_INCOMING_CPU, "incoming_cpu"};
inline constexpr SocketOption<int> pending_error{SOL_SOCKET, SO_ERROR, "pending_error"};  // get() takes it away
inline constexpr SocketOption<int> kind{SOL_SOCKET, SO_TYPE, "kind"};  // SOCK_STREAM, ...; get() only

// close() waits so long for what was sent to arrive, and resets the connection then: 0 resets it at once. Nothing: off.
// It blocks the hub meanwhile: use 0 or nothing.
inline constexpr LingerOption linger{};

inline constexpr SocketOption<bool> v6_only{IPPROTO_IPV6, IPV6_V6ONLY, "v6_only"};
inline constexpr SocketOption<int> ttl{IPPROTO_IP, IP_TTL, "ttl"};
inline constexpr SocketOption<int> tos{IPPROTO_IP, IP_TOS, "tos"};
inline constexpr SocketOption<int> hop_limit{IPPROTO_IPV6, IPV6_UNICAST_HOPS, "hop_limit"};
inline constexpr SocketOption<int> multicast_ttl{IPPROTO_IP, IP_MULTICAST_TTL, "multicast_ttl"};
inline constexpr SocketOption<bool> multicast_loop{IPPROTO_IP, IP_MULTICAST_LOOP, "multicast_loop"};
inline constexpr SocketOption<int> multicast_hops{IPPROTO_IPV6, IPV6_MULTICAST_HOPS, "multicast_hops"};

}  // namespace option

namespace detail {

// Throw: std::system_error that names the option; EBADF, WrongThread.
void set_number_option(const Handle& handle, int level, int number, const char* name, int value);
int get_number_option(const Handle& handle, int level, int number, const char* name);
void set_socket_option(const Handle& handle, const LingerOption& option, const LingerOption::Value& value);
LingerOption::Value get_socket_option(const Handle& handle, const LingerOption& option);

// Throws: std::invalid_argument for a time that an int does not hold.
int number_of_time(long long count, const char* name);

[[noreturn]] void refuse_number(const std::string& number, const char* name);

// A value as the option's type has it. Throws: std::invalid_argument for a number that an int does not hold.
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
