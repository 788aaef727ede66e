// SPDX-License-Identifier: MIT
// Floor: net
//
// The options of connect() and listen(), and the options of sockets, by name and with their types.
//
//     socket.set(option::keep_alive, true);
//     socket.set(option::keep_alive_idle, 30s);
//     int bytes = socket.get(option::receive_buffer);          the kernel answers twice what was set: socket(7)
//     socket.set(option::congestion, "bbr");                   a text
//     connect("10.0.0.1:80", {.settings = {{option::mark, 7}, {option::bind_to_device, "eth1"}}});
//
// An option that has no name here is a SocketOption of the caller's own, with the value's type:
//
//     constexpr SocketOption<sock_fprog> filter{SOL_SOCKET, SO_ATTACH_FILTER, "filter"};
//     socket.set(filter, program);
//
// The manual pages socket(7), tcp(7), ip(7) and ipv6(7) say what each socket option does. set() and get() never wait.
// If an option does not fit the kind of socket, the system refuses it: they throw std::system_error (ENOPROTOOPT).

#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/address.hpp>
#include <tendril/detail/net/handle.hpp>
#include <tendril/duration.hpp>
#include <tendril/tcp_info.hpp>

namespace tendril {

class Resolver;

// A socket option whose value is a bool, a whole number, seconds, milliseconds, a text (std::string), or a struct as
// the system has it, such as sock_fprog. A struct must be trivially copyable; what the system does not fill in is zero.
template <class T>
struct SocketOption {
    using Value = T;   // what set() takes and get() returns
    int level;         // of setsockopt()
    int number;        // of setsockopt()
    const char* name;  // for errors
};

// An option that IPv4 and IPv6 have under different numbers. On an IPv6 socket it is set for both protocols, since such
// a socket may also carry IPv4. On a socket of another family: ENOPROTOOPT.
template <class T>
struct IpOption {
    using Value = T;   // what set() takes and get() returns
    int v4;            // its number for IPv4
    int v6;            // its number for IPv6
    const char* name;  // for errors
};

// The option `tcp_info`, which can only be read.
struct TcpInfoOption {
    using Value = TcpInfo;  // what get() returns
};

// The option `linger`, whose value may be absent.
struct LingerOption {
    using Value = std::optional<std::chrono::seconds>;  // what set() takes and get() returns
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

// TCP, continued.
//   tcp_info               what the kernel measures: tcp_info.hpp
//   congestion             the algorithm's name, such as "cubic"; /proc/sys/net/ipv4/tcp_allowed_congestion_control
//   connect_with_data      before connect(): which returns at once, and the first send() goes with the first packet
//   unsent_low_water       bytes not yet sent above which the socket does not count as writable
//   syn_count              how often connect() sends its first packet before it gives up
//   urgent_inline          recv() gets urgent data in its place in the stream: see TcpSocket::recv_urgent
inline constexpr TcpInfoOption tcp_info{};
inline constexpr SocketOption<std::string> congestion{IPPROTO_TCP, TCP_CONGESTION, "congestion"};
inline constexpr SocketOption<bool> connect_with_data{IPPROTO_TCP, TCP_FASTOPEN_CONNECT, "connect_with_data"};
inline constexpr SocketOption<int> unsent_low_water{IPPROTO_TCP, TCP_NOTSENT_LOWAT, "unsent_low_water"};
inline constexpr SocketOption<int> syn_count{IPPROTO_TCP, TCP_SYNCNT, "syn_count"};
inline constexpr SocketOption<bool> urgent_inline{SOL_SOCKET, SO_OOBINLINE, "urgent_inline"};

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
inline constexpr SocketOption<int> kind{SOL_SOCKET, SO_TYPE, "kind"};                  // SOCK_STREAM, ...; get() only
inline constexpr SocketOption<int> family{SOL_SOCKET, SO_DOMAIN, "family"};            // AF_INET, ...; get() only
inline constexpr SocketOption<int> protocol{SOL_SOCKET, SO_PROTOCOL, "protocol"};      // IPPROTO_TCP, ...; get() only
inline constexpr SocketOption<std::uint64_t> cookie{SOL_SOCKET, SO_COOKIE, "cookie"};  // its unique number; get() only

// Where packets go, and where they come from. They take effect for what is bound or connected later: give them to
// connect(), listen() and UdpSocket in `settings`. Those marked * need CAP_NET_ADMIN or CAP_NET_RAW (capabilities(7));
// bind_to_device needs CAP_NET_RAW to be changed once it is set, and before Linux 5.7 always.
//   bind_to_device          the interface's name, "eth0"; only its packets are sent and received; "": all interfaces'
//   mark                  * the firewall mark of what is sent, for routing by policy (declared above)
//   transparent           * allows addresses that are not this machine's, for proxies
//   free_bind               allows an address that this machine does not have yet
//   bind_address_no_port    bind() to port 0 chooses the port as late as connect(): more connections from one address
//   local_ports             the range from which the system chooses ports, lowest + highest * 65536 (Linux 6.3)
//   do_not_route            sends to directly connected networks only

inline constexpr SocketOption<std::string> bind_to_device{SOL_SOCKET, SO_BINDTODEVICE, "bind_to_device"};
inline constexpr IpOption<bool> transparent{IP_TRANSPARENT, IPV6_TRANSPARENT, "transparent"};
inline constexpr IpOption<bool> free_bind{IP_FREEBIND, IPV6_FREEBIND, "free_bind"};
inline constexpr SocketOption<bool> bind_address_no_port{IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, "bind_address_no_port"};
inline constexpr SocketOption<std::uint32_t> local_ports{IPPROTO_IP, 51, "local_ports"};  // IP_LOCAL_PORT_RANGE
inline constexpr SocketOption<bool> do_not_route{SOL_SOCKET, SO_DONTROUTE, "do_not_route"};

// What recv_message() receives besides the bytes (ancillary.hpp); off until set.
//   packet_info     ReceivedAncillary::packet: the address that a datagram was sent to, and the interface
//   receive_time    ... time: when it arrived
//   receive_hops    ... hop_limit: the routers that it might still have passed
//   receive_class   ... traffic_class: the packet's TOS or traffic class
//   credentials     ... credentials: the sending process, on a Unix-domain socket
//   drop_count      ... dropped: how many datagrams the full queue has lost
//   queue_errors    the network's answers go to a queue, which recv_error() reads. Read it after each error: with the
//                   backends poll and select, a call may wait up to 10 ms too long while the queue holds something

inline constexpr IpOption<bool> packet_info{IP_PKTINFO, IPV6_RECVPKTINFO, "packet_info"};
inline constexpr SocketOption<bool> receive_time{SOL_SOCKET, SO_TIMESTAMPNS, "receive_time"};
inline constexpr IpOption<bool> receive_hops{IP_RECVTTL, IPV6_RECVHOPLIMIT, "receive_hops"};
inline constexpr IpOption<bool> receive_class{IP_RECVTOS, IPV6_RECVTCLASS, "receive_class"};
inline constexpr SocketOption<bool> credentials{SOL_SOCKET, SO_PASSCRED, "credentials"};
inline constexpr SocketOption<bool> drop_count{SOL_SOCKET, SO_RXQ_OVFL, "drop_count"};
inline constexpr IpOption<bool> queue_errors{IP_RECVERR, IPV6_RECVERR, "queue_errors"};

// How long close() waits for sent data to arrive before it resets the connection; 0 resets it at once; nothing: off.
// close() would block the hub while it waits: use 0 or nothing. close_gently() in stream.hpp waits without that.
inline constexpr LingerOption linger{};

// IPv4 and IPv6: v6_only excludes IPv4 from a socket on [::]; ttl (IPv4) and hop_limit (IPv6) count the routers that a
// packet may pass; the multicast options hold for packets to groups, which are not looped back if multicast_loop is
// off.

// A listener on [::] takes no IPv4 connections.
inline constexpr SocketOption<bool> v6_only{IPPROTO_IPV6, IPV6_V6ONLY, "v6_only"};
inline constexpr SocketOption<int> ttl{IPPROTO_IP, IP_TTL, "ttl"};  // IPv4: how many routers a packet passes
inline constexpr SocketOption<int> tos{IPPROTO_IP, IP_TOS, "tos"};  // IPv4: type of service, DSCP and ECN
// IPv6: how many routers a packet passes.
inline constexpr SocketOption<int> hop_limit{IPPROTO_IPV6, IPV6_UNICAST_HOPS, "hop_limit"};
// IPv4: the same of multicast.
inline constexpr SocketOption<int> multicast_ttl{IPPROTO_IP, IP_MULTICAST_TTL, "multicast_ttl"};
// Whether this host gets what it sends itself.
inline constexpr SocketOption<bool> multicast_loop{IPPROTO_IP, IP_MULTICAST_LOOP, "multicast_loop"};
// IPv6: the same of multicast.
inline constexpr SocketOption<int> multicast_hops{IPPROTO_IPV6, IPV6_MULTICAST_HOPS, "multicast_hops"};

}  // namespace option

namespace detail {

// Throw: std::system_error that names the option (EBADF: closed); WrongThread.
void set_number_option(const Handle& handle, int level, int number, const char* name, int value);
int get_number_option(const Handle& handle, int level, int number, const char* name);
void set_socket_option(const Handle& handle, const LingerOption& option, const LingerOption::Value& value);
LingerOption::Value get_socket_option(const Handle& handle, const LingerOption& option);
TcpInfo get_socket_option(const Handle& handle, const TcpInfoOption& option);
void set_ip_option(const Handle& handle, int v4, int v6, const char* name, int value);
int get_ip_option(const Handle& handle, int v4, int v6, const char* name);
void set_text_option(const Handle& handle, int level, int number, const char* name, const std::string& value);
std::string get_text_option(const Handle& handle, int level, int number, const char* name);
void set_raw_option(const Handle& handle, int level, int number, const char* name, const void* value, std::size_t size);
void get_raw_option(const Handle& handle, int level, int number, const char* name, void* value, std::size_t size);

template <class T>
concept OptionTime = requires(T time) {
    { time.count() } -> std::integral;
};

// Throws: std::invalid_argument for a negative time, or one that an int cannot hold.
int number_of_time(long long count, const char* name);

[[noreturn]] void refuse_number(const std::string& number, const char* name);

// Returns the value as the option's type. Throws: std::invalid_argument for a number that the type cannot hold.
template <class T, class V>
T number_value(const char* name, const V& value) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool> && std::is_integral_v<V> &&
                  !std::is_same_v<V, bool>) {
        if (!std::in_range<T>(value)) {
            refuse_number(std::to_string(value), name);
        }
        return static_cast<T>(value);
    } else {
        static_assert(!std::is_floating_point_v<V>, "an option's value is a bool, a whole number, a duration, a text "
                                                    "or a struct");
        return value;
    }
}
template <class T, class V>
T option_value(const SocketOption<T>& option, const V& value) {
    return number_value<T>(option.name, value);
}
template <class T, class V>
T option_value(const IpOption<T>& option, const V& value) {
    return number_value<T>(option.name, value);
}
template <class V>
LingerOption::Value option_value(const LingerOption&, const V& value) {
    return value;
}

template <class T>
void set_socket_option(const Handle& handle, const SocketOption<T>& option, const T& value) {
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, int>) {
        set_number_option(handle, option.level, option.number, option.name, static_cast<int>(value));
    } else if constexpr (OptionTime<T>) {
        set_number_option(handle, option.level, option.number, option.name, number_of_time(value.count(), option.name));
    } else if constexpr (std::is_same_v<T, std::string>) {
        set_text_option(handle, option.level, option.number, option.name, value);
    } else {
        static_assert(std::is_trivially_copyable_v<T>, "the system copies an option's value byte by byte");
        set_raw_option(handle, option.level, option.number, option.name, &value, sizeof value);
    }
}

template <class T>
T get_socket_option(const Handle& handle, const SocketOption<T>& option) {
    if constexpr (std::is_same_v<T, bool>) {
        return get_number_option(handle, option.level, option.number, option.name) != 0;
    } else if constexpr (std::is_same_v<T, int> || OptionTime<T>) {
        return T(get_number_option(handle, option.level, option.number, option.name));
    } else if constexpr (std::is_same_v<T, std::string>) {
        return get_text_option(handle, option.level, option.number, option.name);
    } else {
        static_assert(std::is_trivially_copyable_v<T>, "the system copies an option's value byte by byte");
        T value{};
        get_raw_option(handle, option.level, option.number, option.name, &value, sizeof value);
        return value;
    }
}

template <class T>
void set_socket_option(const Handle& handle, const IpOption<T>& option, const T& value) {
    set_ip_option(handle, option.v4, option.v6, option.name, static_cast<int>(value));
}

template <class T>
T get_socket_option(const Handle& handle, const IpOption<T>& option) {
    return static_cast<T>(get_ip_option(handle, option.v4, option.v6, option.name));
}

}  // namespace detail

// An option and its value, to be set while a socket is made: before it is bound or connected. Any OS thread may use it.
class SocketSetting {
public:
    // Throws: std::invalid_argument, as set() does. A value that the system refuses is that call's error:
    // std::system_error "set option ...".
    template <class O, class V>
    SocketSetting(const O& option, const V& value)  // implicit on purpose
        : apply_([option, kept = typename O::Value(detail::option_value(option, value))](const detail::Handle& handle) {
              detail::set_socket_option(handle, option, kept);
          }) {}

    void apply(const detail::Handle& handle) const { apply_(handle); }  // for the library: sets it on a socket

private:
    std::function<void(const detail::Handle&)> apply_;
};

using SocketSettings = std::vector<SocketSetting>;  // several, in the order in which they are set

// Options of connect().
struct ConnectOptions {
    // The local address to connect from. Of a host's addresses only those of its family are tried.
    std::optional<Address> bind = std::nullopt;
    // For a host with several addresses: how long to wait for one before the next is tried too (RFC 8305). The next one
    // starts at once if one fails. At most 64 are under way at the same time.
    Duration attempt_delay = std::chrono::milliseconds(250);
    Resolver* resolver = nullptr;  // looks up the host; nullptr: the hub's own
    SocketSettings settings = {};  // set before the socket is bound, in this order
};

// Options of listen().
struct ListenOptions {
    int backlog = 1024;         // connections that may wait for accept; the system's limit is net.core.somaxconn
    bool reuse_address = true;  // allows a port on which old connections linger
    bool reuse_port = false;    // allows other listeners on the same port; off: starting a server twice is an error
    bool v6_only = false;       // a listener on [::] does not accept IPv4 connections
    // For unix:/path: first removes a socket file on which no process listens. If two servers start at the same moment,
    // one may remove the other's file: do not use it where a second start is likely.
    bool replace_socket_file = false;
    SocketSettings settings = {};  // set before the socket is bound, in this order; accepted sockets inherit most
};

}  // namespace tendril
