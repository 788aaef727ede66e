// SPDX-License-Identifier: MIT
//
// SearchList: the names to try in the DNS for a host, one after the other, and the error if all of them fail. Follows
// resolv.conf(5), as glibc 2.36 implements it. Does no lookups itself.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/dns.hpp>

namespace tendril::detail {

class SearchList {
public:
    // domains: as in the "search" line; "." is the root. dots: a host with at least this many (15 at most) is tried
    // without a domain first, others last. A host that ends with a dot is tried without a domain only.
    SearchList(std::string_view host, const std::vector<std::string>& domains, int dots);

    // Returns the next name, without a final dot; nothing if there are no more.
    std::optional<std::string> next();

    // Says that the lookup of the name that next() returned has failed. An error that does not concern that name alone
    // (no answer, a bad one) skips the other domains; the host without a domain is still tried.
    void failed(DnsError how);

    // Once next() has returned nothing: why the host was not found.
    DnsError failure() const noexcept;

private:
    enum class Stage : unsigned char { as_it_is_first, domains, as_it_is_last, over };

    std::string host_;
    std::vector<std::string> domains_;
    bool searched_;  // the host has no final dot
    Stage stage_;
    Stage last_ = Stage::over;  // of the name that next() returned
    std::size_t at_ = 0;        // in domains_
    bool tried_as_it_is_ = false;
    bool no_address_ = false;        // some name exists, but has no such address
    bool server_failure_ = false;    // for some name
    std::optional<DnsError> first_;  // of the host without a domain, if that was tried first
    std::optional<DnsError> latest_;
};

}  // namespace tendril::detail
