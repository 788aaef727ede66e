// SPDX-License-Identifier: MIT

#include "net/dns_message.hpp"

#include <netinet/in.h>
#include <strings.h>

#include <algorithm>
#include <clocale>
#include <cstring>
#include <utility>

namespace tendril::detail {

namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t longest_name = 255;  // on the wire: each label with its length, and the root
constexpr std::size_t longest_label = 63;
constexpr int most_jumps = 64;  // in one name
constexpr std::size_t most_aliases = 16;
constexpr std::uint16_t class_internet = 1;
constexpr std::uint16_t flag_authenticated = 0x20;

// Thrown by Reader, and never out of this file.
struct Broken {};

void append_label(std::string& name, std::string_view label) {
    for (const char c : label) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '.' || c == '\\') {
            name += '\\';
            name += c;
        } else if (byte > ' ' && byte < 0x7f) {
            name += c;
        } else {
            const char digits[] = {'\\', static_cast<char>('0' + byte / 100), static_cast<char>('0' + byte / 10 % 10),
                                   static_cast<char>('0' + byte % 10)};
            name.append(digits, sizeof digits);
        }
    }
}

// Reads a message from the left. Each function throws Broken if the bytes are not there.
class Reader {
public:
    Reader(std::string_view wire, std::size_t at, std::size_t end) : wire_(wire), at_(at), end_(end) {}

    std::size_t left() const noexcept { return end_ - at_; }
    std::size_t at() const noexcept { return at_; }

    std::uint8_t byte() { return static_cast<std::uint8_t>(bytes(1).front()); }
    std::uint16_t two() {
        const auto high = byte();
        return static_cast<std::uint16_t>(high << 8 | byte());
    }
    std::uint32_t four() {
        const std::uint32_t high = two();
        return high << 16 | two();
    }
    std::chrono::seconds seconds() { return std::chrono::seconds(four()); }

    std::string_view bytes(std::size_t n) {
        if (n > left()) {
            throw Broken();
        }
        at_ += n;
        return wire_.substr(at_ - n, n);
    }
    std::string_view rest() { return bytes(left()); }
    std::string text() { return std::string(bytes(byte())); }

    // Each pointer must lead to before the part of the name that it ends, so no chain of them is endless.
    std::string name() {
        std::string result;
        std::size_t size = 1;
        std::size_t limit = at_;
        Reader part(wire_, at_, end_);
        int jumps = 0;
        for (;;) {
            const std::uint8_t n = part.byte();
            if (n == 0) {
                break;
            }
            if (n > longest_label) {
                const std::size_t to = static_cast<std::size_t>(n & 0x3f) << 8 | part.byte();
                if (n < 0xc0 || to >= limit || to < header_size || jumps == most_jumps) {
                    throw Broken();
                }
                at_ = jumps++ > 0 ? at_ : part.at_;
                limit = to;
                part = Reader(wire_, to, wire_.size());
                continue;
            }
            size += 1u + n;
            if (size > longest_name) {
                throw Broken();
            }
            result += result.empty() ? "" : ".";
            append_label(result, part.bytes(n));
        }
        at_ = jumps > 0 ? at_ : part.at_;
        return result;
    }

private:
    std::string_view wire_;
    std::size_t at_;
    std::size_t end_;
};

Address read_v4(Reader& in) {
    sockaddr_in raw{};
    raw.sin_family = AF_INET;
    std::memcpy(&raw.sin_addr, in.bytes(sizeof raw.sin_addr).data(), sizeof raw.sin_addr);
    return Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

Address read_v6(Reader& in) {
    sockaddr_in6 raw{};
    raw.sin6_family = AF_INET6;
    std::memcpy(&raw.sin6_addr, in.bytes(sizeof raw.sin6_addr).data(), sizeof raw.sin6_addr);
    return Address::from_raw(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

TxtRecord read_txt(Reader& in) {
    TxtRecord txt;
    while (in.left() > 0) {
        txt.strings.push_back(in.text());
    }
    return txt;
}

SrvRecord read_srv(Reader& in) {
    SrvRecord srv;
    srv.priority = in.two();
    srv.weight = in.two();
    srv.port = in.two();
    srv.host = in.name();
    return srv;
}

SoaRecord read_soa(Reader& in) {
    SoaRecord soa;
    soa.server = in.name();
    soa.responsible = in.name();
    soa.serial = in.four();
    soa.refresh = in.seconds();
    soa.retry = in.seconds();
    soa.expire = in.seconds();
    soa.minimum = in.seconds();
    return soa;
}

NaptrRecord read_naptr(Reader& in) {
    NaptrRecord naptr;
    naptr.order = in.two();
    naptr.preference = in.two();
    naptr.flags = in.text();
    naptr.services = in.text();
    naptr.regexp = in.text();
    naptr.replacement = in.name();
    return naptr;
}

RecordData read_data(RecordType type, Reader& in) {
    switch (type) {
    case RecordType::a:
        return ARecord{read_v4(in)};
    case RecordType::aaaa:
        return AaaaRecord{read_v6(in)};
    case RecordType::ns:
        return NsRecord{in.name()};
    case RecordType::cname:
        return CnameRecord{in.name()};
    case RecordType::ptr:
        return PtrRecord{in.name()};
    case RecordType::mx: {
        const std::uint16_t preference = in.two();
        return MxRecord{preference, in.name()};
    }
    case RecordType::txt:
        return read_txt(in);
    case RecordType::srv:
        return read_srv(in);
    case RecordType::soa:
        return read_soa(in);
    case RecordType::naptr:
        return read_naptr(in);
    case RecordType::uri: {
        const std::uint16_t priority = in.two();
        const std::uint16_t weight = in.two();
        return UriRecord{priority, weight, std::string(in.rest())};
    }
    case RecordType::caa: {
        const bool critical = (in.byte() & 0x80) != 0;
        std::string tag = in.text();
        return CaaRecord{critical, std::move(tag), std::string(in.rest())};
    }
    case RecordType::tlsa: {
        const std::uint8_t usage = in.byte();
        const std::uint8_t selector = in.byte();
        const std::uint8_t matching = in.byte();
        return TlsaRecord{usage, selector, matching, std::string(in.rest())};
    }
    default:
        return RawRecord{std::string(in.rest())};
    }
}

// Returns nothing for a record of another class than the Internet's.
std::optional<DnsRecord> read_record(Reader& in, std::string_view wire) {
    constexpr std::uint32_t most_ttl = 0x7fffffff;  // RFC 2181, 8: what is above counts as 0
    DnsRecord record;
    record.name = in.name();
    record.type = static_cast<RecordType>(in.two());
    const bool internet = in.two() == class_internet;
    const std::uint32_t ttl = in.four();
    record.ttl = std::chrono::seconds(ttl > most_ttl ? 0 : ttl);
    const std::size_t size = in.two();
    const std::size_t from = in.at();
    in.bytes(size);
    if (!internet) {
        return std::nullopt;
    }
    Reader data(wire, from, from + size);
    record.data = read_data(record.type, data);
    if (data.left() != 0) {
        throw Broken();
    }
    return record;
}

DnsMessage read(std::string_view wire) {
    Reader in(wire, 0, wire.size());
    DnsMessage message;
    in.two();  // the id, which c-ares has checked
    message.authenticated = (in.two() & flag_authenticated) != 0;
    const std::uint16_t questions = in.two();
    const std::uint16_t answers = in.two();
    const std::uint16_t authorities = in.two();
    in.two();  // additional records are not read
    for (std::uint16_t i = 0; i < questions; ++i) {
        in.name();
        in.four();
    }
    for (std::uint16_t i = 0; i < answers; ++i) {
        if (std::optional<DnsRecord> record = read_record(in, wire)) {
            message.answers.push_back(*std::move(record));
        }
    }
    for (std::uint16_t i = 0; i < authorities; ++i) {
        const std::optional<DnsRecord> record = read_record(in, wire);
        const SoaRecord* soa = record.has_value() ? std::get_if<SoaRecord>(&record->data) : nullptr;
        if (soa != nullptr) {
            message.keep_no = std::min(record->ttl, soa->minimum);
        }
    }
    return message;
}

}  // namespace

std::optional<DnsMessage> read_dns_message(std::string_view wire) {
    try {
        return read(wire);
    } catch (const Broken&) {
        return std::nullopt;
    }
}

DnsVerdict find_answer(DnsMessage&& message, std::string_view name, RecordType type) {
    DnsVerdict verdict;
    DnsAnswer& answer = verdict.answer;
    answer.name = name;
    answer.ttl = std::chrono::seconds::max();
    answer.authenticated = message.authenticated;
    for (;;) {
        const DnsRecord* cname = nullptr;
        for (DnsRecord& each : message.answers) {
            if (!same_name(each.name, answer.name)) {
                continue;
            }
            if (each.type == type || type == RecordType::any) {
                answer.ttl = std::min(answer.ttl, each.ttl);
                answer.records.push_back(std::move(each));
            } else if (each.type == RecordType::cname) {
                cname = &each;
            }
        }
        if (!answer.records.empty()) {
            return verdict;
        }
        if (cname == nullptr || answer.aliases.size() == most_aliases) {
            verdict.failure = cname == nullptr ? DnsError::no_record : DnsError::bad_answer;
            return verdict;
        }
        answer.ttl = std::min(answer.ttl, cname->ttl);
        answer.aliases.push_back(std::exchange(answer.name, std::get<CnameRecord>(cname->data).host));
    }
}

std::optional<DnsName> read_dns_name(std::string_view text) {
    if (text.empty() || text == ".") {  // the root is "."
        return text.empty() ? std::nullopt : std::optional(DnsName{"", "."});
    }
    DnsName name;
    std::string label;
    std::size_t size = 1;
    const auto end_label = [&] {
        size += 1 + label.size();
        const bool fits = !label.empty() && label.size() <= longest_label && size <= longest_name;
        if (fits) {
            name.text += name.text.empty() ? "" : ".";
            append_label(name.text, label);
            name.query += name.query.empty() ? "" : ".";
            for (const char c : label) {
                name.query += c == '.' || c == '\\' ? "\\" : "";
                name.query += c;
            }
            label.clear();
        }
        return fits;
    };
    const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.') {
            if (!end_label()) {
                return std::nullopt;
            }
            continue;
        }
        char c = text[i];
        if (c == '\\') {
            if (digit(i + 1) && digit(i + 2) && digit(i + 3)) {
                const int byte = (text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0');
                c = byte < 256 ? static_cast<char>(byte) : '\0';
                i += 3;
            } else {
                c = i + 1 < text.size() ? text[++i] : '\0';
            }
        }
        if (c == '\0') {
            return std::nullopt;
        }
        label += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (!label.empty() && !end_label()) {
        return std::nullopt;
    }
    return name;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
    static const locale_t ascii = ::newlocale(LC_CTYPE_MASK, "C", nullptr);  // is always there, and allocates nothing
    return a.size() == b.size() && ::strncasecmp_l(a.data(), b.data(), a.size(), ascii) == 0;
}

bool is_host_name(std::string_view name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

}  // namespace tendril::detail
