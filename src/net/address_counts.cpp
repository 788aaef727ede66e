// SPDX-License-Identifier: MIT

#include "net/address_counts.hpp"

#include <netinet/in.h>

#include <cstring>
#include <optional>

namespace tendril::detail {

namespace {

std::optional<AddressCounts::Client> client_of(const Address& address) {
    AddressCounts::Client client{};
    if (address.family() == AF_INET) {
        client[0] = 4;
        std::memcpy(&client[1], &reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr, 4);
        return client;
    }
    if (address.family() != AF_INET6) {
        return std::nullopt;
    }
    const in6_addr& ip = reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&ip)) {
        client[0] = 4;
        std::memcpy(&client[1], &ip.s6_addr[12], 4);
    } else {
        client[0] = 6;
        std::memcpy(&client[1], ip.s6_addr, 8);
    }
    return client;
}

}  // namespace

AddressCounts::Place::Place(AddressCounts& counts, const Address& client, std::size_t most)
    : counts_(counts), at_(counts.counts_.end()) {
    if (most == 0) {
        return;
    }
    if (const std::optional<Client> key = client_of(client)) {
        const auto at = counts_.counts_.try_emplace(*key, 0).first;
        granted_ = at->second < most;  // most > 0: a new entry is granted, so none stays at 0
        if (granted_) {
            ++at->second;
            at_ = at;
        }
    }
}

AddressCounts::Place::~Place() {
    if (at_ != counts_.counts_.end() && --at_->second == 0) {
        counts_.counts_.erase(at_);
    }
}

}  // namespace tendril::detail
