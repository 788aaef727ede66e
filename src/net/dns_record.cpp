// SPDX-License-Identifier: MIT

#include <tendril/dns_record.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "base/escape.hpp"
#include "net/dns_message.hpp"

namespace tendril {

namespace {

struct Named {
    std::string_view name;
    RecordType type;
};
constexpr std::array named{
    Named{"A", RecordType::a},           Named{"NS", RecordType::ns},     Named{"CNAME", RecordType::cname},
    Named{"SOA", RecordType::soa},       Named{"PTR", RecordType::ptr},   Named{"MX", RecordType::mx},
    Named{"TXT", RecordType::txt},       Named{"AAAA", RecordType::aaaa}, Named{"SRV", RecordType::srv},
    Named{"NAPTR", RecordType::naptr},   Named{"DS", RecordType::ds},     Named{"SSHFP", RecordType::sshfp},
    Named{"DNSKEY", RecordType::dnskey}, Named{"TLSA", RecordType::tlsa}, Named{"SVCB", RecordType::svcb},
    Named{"HTTPS", RecordType::https},   Named{"ANY", RecordType::any},   Named{"URI", RecordType::uri},
    Named{"CAA", RecordType::caa},
};
constexpr std::string_view numbered = "TYPE";  // RFC 3597, 5

}  // namespace

std::string TxtRecord::joined() const {
    std::string all;
    for (const std::string& each : strings) {
        all += each;
    }
    return all;
}

std::string to_string(RecordType type) {
    const auto* at = std::find_if(named.begin(), named.end(), [&](const Named& each) { return each.type == type; });
    return at != named.end() ? std::string(at->name)
                             : std::string(numbered) + std::to_string(static_cast<std::uint16_t>(type));
}

RecordType record_type(std::string_view name) {
    for (const Named& each : named) {
        if (detail::same_name(name, each.name)) {
            return each.type;
        }
    }
    std::uint16_t number = 0;
    const char* last = name.data() + name.size();
    if (name.size() > numbered.size() && detail::same_name(name.substr(0, numbered.size()), numbered)) {
        const auto [end, error] = std::from_chars(name.data() + numbered.size(), last, number);
        if (error == std::errc() && end == last) {
            return RecordType{number};
        }
    }
    throw std::invalid_argument("\"" + detail::escaped(name, 40) +
                                "\" is not a type of DNS records: expected MX or the like, or TYPE65");
}

}  // namespace tendril
