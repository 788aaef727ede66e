// SPDX-License-Identifier: MIT

#include "net/address_order.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <tuple>

#include "base/sys.hpp"

namespace tendril::detail {

namespace {

using Bytes = std::array<std::uint8_t, 16>;  // an IPv4 address as ::ffff:0:0/96

constexpr int global = 14;  // scopes, RFC 4291, 2.7
constexpr int link_local = 2;
constexpr int site_local = 5;

struct Policy {
    std::array<std::uint8_t, 16> prefix;
    unsigned bits;
    int precedence;
    int label;
};
constexpr std::array policies{
    Policy{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, 50, 0},
    Policy{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 35, 4},
    Policy{{}, 96, 1, 3},
    Policy{{0x20, 0x01}, 32, 5, 5},
    Policy{{0x20, 0x02}, 16, 30, 2},
    Policy{{0x3f, 0xfe}, 16, 1, 12},
    Policy{{0xfe, 0xc0}, 10, 1, 11},
    Policy{{0xfc}, 7, 3, 13},
    Policy{{}, 0, 40, 1},
};

unsigned common_bits(const Bytes& a, const Bytes& b) noexcept {
    for (unsigned i = 0; i < a.size(); ++i) {
        if (const auto differ = static_cast<std::uint8_t>(a[i] ^ b[i]); differ != 0) {
            return 8 * i + static_cast<unsigned>(std::countl_zero(differ));
        }
    }
    return 128;
}

const Policy& policy_of(const Bytes& address) noexcept {
    return *std::find_if(policies.begin(), policies.end(),
                         [&](const Policy& each) { return common_bits(address, each.prefix) >= each.bits; });
}

Bytes bytes_of(const Address& address) noexcept {
    Bytes bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (address.family() == AF_INET) {
        std::memcpy(bytes.data() + 12, &reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr, 4);
    } else {
        std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr, bytes.size());
    }
    return bytes;
}

int scope_of(const Bytes& address, bool v4) noexcept {
    if (v4) {
        const bool local = address[12] == 127 || (address[12] == 169 && address[13] == 254);
        return local ? link_local : global;
    }
    if (address[0] == 0xff) {
        return address[1] & 0x0f;
    }
    const bool loopback = common_bits(address, policies.front().prefix) == 128;
    const bool link = address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
    const bool site = address[0] == 0xfe && (address[1] & 0xc0) == 0xc0;
    return loopback || link ? link_local : site ? site_local : global;
}

// Rules 1, 2, 5, 6, 8 and 9 of RFC 6724, 6; what compares less is better. The kernel does not say what rules 3, 4
// and 7 are about. Rule 9 is for IPv6 only: with IPv4's addresses it would undo the server's rotation.
using Precedence = std::tuple<bool, bool, bool, int, int, int>;

Precedence rank_of(const Address& to) noexcept {
    const bool v4 = to.family() == AF_INET;
    const Bytes address = bytes_of(to);
    const Policy& policy = policy_of(address);
    const int scope = scope_of(address, v4);
    const std::optional<Address> from = source_for(to);
    if (!from.has_value()) {
        return {true, true, true, -policy.precedence, scope, 0};
    }
    const Bytes source = bytes_of(*from);
    const int shared = v4 ? 0 : static_cast<int>(std::min(common_bits(address, source), 64u));
    return {false,  scope_of(source, v4) != scope, policy_of(source).label != policy.label, -policy.precedence, scope,
            -shared};
}

// Returns: a datagram socket that is connected there; -errno.
int connected(const Address& to) noexcept {
    const int fd = sys::socket(to.family(), SOCK_DGRAM);
    if (fd < 0) {
        return fd;
    }
    if (const int r = sys::connect(fd, to.raw(), to.raw_size()); r < 0) {
        sys::close(fd);
        return r;
    }
    return fd;
}

}  // namespace

std::optional<Address> source_for(const Address& to) noexcept {
    const int fd = connected(to);
    if (fd < 0) {
        return std::nullopt;
    }
    std::optional<Address> source;
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    if (sys::local_name(fd, reinterpret_cast<sockaddr*>(&raw), &size) == 0 && raw.ss_family == to.family()) {
        source = Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), size);
    }
    sys::close(fd);
    return source;
}

bool is_routable(const Address& to) {
    const int fd = connected(to);
    if (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM) {
        throw std::system_error(-fd, std::generic_category(), "look for a route to " + to.ip());
    }
    if (fd >= 0) {
        sys::close(fd);
    }
    return fd >= 0;
}

void sort_by_preference(std::vector<Address>& addresses) {
    if (addresses.size() < 2) {
        return;
    }
    std::vector<std::pair<Precedence, Address>> ranked;
    ranked.reserve(addresses.size());
    for (const Address& each : addresses) {
        ranked.emplace_back(rank_of(each), each);
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::transform(ranked.begin(), ranked.end(), addresses.begin(), [](const auto& each) { return each.second; });
}

}  // namespace tendril::detail
