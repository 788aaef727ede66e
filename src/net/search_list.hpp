// SPDX-License-Identifier: MIT
//
// SearchList: the names under which a host is looked for in the DNS, one after the other, and what it means that none
// was found: resolv.conf(5), as glibc 2.36 walks it. Does no lookups itself.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/dns.hpp>

namespace tendril::detail {

class SearchList {
public:
    // domains: as "search" has them; "." is the root. dots: a name with so many is tried as it is first, others last;
    // at most 15 count. A name that ends with a dot is tried as it is, and not otherwise.
    SearchList(std::string_view host, const std::vector<std::string>& domains, int dots);

    // The next name, without a final dot. Nothing: there is no more.
    std::optional<std::string> next();

    // The name that next() gave was looked up, and failed so. What does not concern that name alone (no answer, a bad
    // one) ends the domains; the host as it is is still tried.
    void failed(DnsError how);

    // Once next() gave nothing: why the host was not found.
    DnsError failure() const noexcept;

private:
    enum class Stage : unsigned char { as_it_is_first, domains, as_it_is_last, over };

    std::string host_;
    std::vector<std::string> domains_;
    bool searched_;  // a final dot was not given
    Stage stage_;
    Stage last_ = Stage::over;  // of the name that next() gave
    std::size_t at_ = 0;        // in domains_
    bool tried_as_it_is_ = false;
    bool no_address_ = false;        // some name is there, without such an address
    bool server_failure_ = false;    // for some name
    std::optional<DnsError> first_;  // of the host as it is, where that went first
    std::optional<DnsError> latest_;
};

}  // namespace tendril::detail
