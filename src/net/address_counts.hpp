// SPDX-License-Identifier: MIT
//
// AddressCounts: the number of connections of each client, for a limit. A client is an IPv4 address, or the first 64
// bits of an IPv6 address: a client with one IPv6 address can use all of that network. Other families (Unix-domain) are
// not counted.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include <tendril/address.hpp>

namespace tendril::detail {

class AddressCounts {
public:
    using Client = std::array<std::uint8_t, 9>;  // 4 and 4 bytes, or 6 and 8

    // A place among the connections of a client. Its destructor gives it back.
    class Place {
    public:
        // most: 0: no limit, and nothing is counted. Throws: std::bad_alloc.
        Place(AddressCounts& counts, const Address& client, std::size_t most);
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place();

        bool granted() const noexcept { return granted_; }

    private:
        AddressCounts& counts_;
        std::map<Client, std::size_t>::iterator at_;
        bool granted_ = true;
    };

    std::size_t clients() const noexcept { return counts_.size(); }

private:
    std::map<Client, std::size_t> counts_;  // none is 0
};

}  // namespace tendril::detail
