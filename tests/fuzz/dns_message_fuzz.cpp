// SPDX-License-Identifier: MIT
//
// read_dns_message and find_answer: any bytes are refused, or give records whose names can be read again. The first
// three bytes choose the type, and how much of the rest is also read as a name's text.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/dns_message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tendril::detail;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    if (all.size() < 3) {
        return 0;
    }
    const auto type = static_cast<tendril::RecordType>(data[0] * 256 + data[1]);
    const std::string_view wire = all.substr(3);
    const std::string_view text = wire.substr(0, data[2]);
    if (const auto name = read_dns_name(text); name.has_value()) {
        const auto again = read_dns_name(name->text);
        if (!name->text.empty() && (!again.has_value() || again->text != name->text)) {
            std::abort();
        }
    }
    std::optional<DnsMessage> message = read_dns_message(wire);
    if (!message.has_value()) {
        return 0;
    }
    const std::string first = message->answers.empty() ? "a.test" : message->answers.front().name;
    const DnsVerdict verdict = find_answer(*std::move(message), first, type);
    if (!verdict.failure.has_value() && verdict.answer.records.empty()) {
        std::abort();
    }
    return 0;
}
