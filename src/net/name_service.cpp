// SPDX-License-Identifier: MIT

#include <tendril/name_service.hpp>

#include "base/escape.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"
#include "net/resolver.hpp"

namespace tendril {

namespace {

class DnsCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "dns"; }
    std::string message(int error) const override {
        switch (static_cast<DnsError>(error)) {
        case DnsError::not_found:
            return "no such host";
        case DnsError::no_address:
            return "the host has no such address";
        case DnsError::server_failure:
            return "the name servers failed, refused or could not be reached";
        case DnsError::no_answer:
            return "no name server answered";
        case DnsError::bad_name:
            return "not a host name";
        case DnsError::bad_answer:
            return "the name servers' answer makes no sense";
        case DnsError::no_record:
            return "the name has no record of this type";
        case DnsError::no_service:
            return "no such service";
        case DnsError::unsupported:
            return "this resolver cannot look that up";
        case DnsError::other:
            break;
        }
        return "the lookup failed";
    }
};

std::string quoted(const std::string& what) {
    constexpr std::size_t shown = 255;  // the longest name; a longer text may be anything
    return '"' + detail::escaped(what, shown) + '"';
}

}  // namespace

const std::error_category& dns_category() noexcept {
    static const DnsCategory category;
    return category;
}

void detail::fail_lookup(DnsError why, const std::string& what, const std::string& cause) {
    throw std::system_error(make_error_code(why),
                            "resolve " + quoted(what) + (cause.empty() ? "" : " (" + cause + ")"));
}

void detail::time_out_lookup(const std::string& what) {
    time_out({.waited_ns = here::waited_ns()}, [what] { return "resolve " + quoted(what); });
}

void NameService::fail(DnsError why, const std::string& what) {
    detail::fail_lookup(why, what);
}

HostInfo NameService::look_up_address(const Address& address, Deadline) {
    fail(DnsError::unsupported, address.ip());
}

DnsAnswer NameService::query(const std::string& name, RecordType, Deadline) {
    fail(DnsError::unsupported, name);
}

DnsCacheStatistics NameService::cache_statistics() const {
    return {};
}

void NameService::clear_cache() {}

}  // namespace tendril
