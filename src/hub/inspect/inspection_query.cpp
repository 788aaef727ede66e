// SPDX-License-Identifier: MIT
//
// An InspectionQuery from a URL. The clients are our own programs and pages, so no more than the rules of URLs.

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/inspection.hpp>

namespace tendril {

namespace {

constexpr std::array<std::pair<std::string_view, InspectionQuery::Order>, 5> orders{{
    {"waited", InspectionQuery::Order::waited},
    {"id", InspectionQuery::Order::id},
    {"name", InspectionQuery::Order::name},
    {"stack", InspectionQuery::Order::stack},
    {"call", InspectionQuery::Order::call},
}};

[[noreturn]] void refuse_part(std::string_view part) {
    throw std::invalid_argument("not a part of an inspection query: " + std::string(part.substr(0, 100)));
}

int hex_value(char c) noexcept {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

std::string percent_decoded(std::string_view part) {
    std::string text;
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (part[i] != '%') {
            text += part[i] == '+' ? ' ' : part[i];
            continue;
        }
        const int high = i + 2 < part.size() ? hex_value(part[i + 1]) : -1;
        const int low = i + 2 < part.size() ? hex_value(part[i + 2]) : -1;
        if (high < 0 || low < 0) {
            refuse_part(part);
        }
        text += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return text;
}

std::uint64_t count_in(std::string_view value, std::string_view part) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size()) {
        refuse_part(part);
    }
    return number;
}

void read_part(InspectionQuery& query, std::string_view part) {
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    const std::string value = percent_decoded(part.substr(std::min(equals + 1, part.size())));
    if (name == "order") {
        for (const auto& [text, order] : orders) {
            if (text == value) {
                query.order = order;
                return;
            }
        }
        refuse_part(part);
    } else if (name == "reverse") {
        query.reverse = count_in(value, part) != 0;
    } else if (name == "most") {
        query.most = count_in(value, part);
    } else if (name == "filter") {
        query.filter = value;
    } else if (name == "greenlet") {
        query.greenlet = count_in(value, part);
    } else {
        refuse_part(part);
    }
}

}  // namespace

InspectionQuery InspectionQuery::parse(std::string_view query) {
    InspectionQuery parsed;
    while (!query.empty()) {
        const std::string_view part = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(part.size() + 1, query.size()));
        if (!part.empty()) {
            read_part(parsed, part);
        }
    }
    return parsed;
}

SnapshotOptions InspectionQuery::snapshot_options() const {
    return {.backtraces = greenlet != 0, .only = greenlet, .scheduling = true};
}

}  // namespace tendril
