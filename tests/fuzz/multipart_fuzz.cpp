// SPDX-License-Identifier: MIT
//
// Whatever bytes come as a multipart body with the boundary "b", and however they are chopped (by the first bytes), the
// parts are the same, and the same error; a Content-Disposition gives a file name that is harmless.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <tendril/http/message.hpp>

#include "http/message/disposition.hpp"
#include "http/message/multipart_parser.hpp"

namespace {

using namespace tendril::http;
using Event = detail::MultipartParser::Event;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void look_at(const Headers& headers, std::string& seen) {
    seen += "[part";
    for (const auto& each : headers) {
        seen.append(" ").append(each.name).append("=").append(each.value);
    }
    seen += "]";
    try {
        const auto said = detail::parse_disposition(headers.get("Content-Disposition"));
        const std::string name = said.filename.value_or("");
        require(name.size() <= 200 && name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos &&
                !name.starts_with('.'));
    } catch (const ProtocolError&) {
    }
}

// Returns: all that the parser reports of a body that arrives in pieces of these two sizes, by turns.
std::string told(std::string_view text, std::size_t one, std::size_t other) {
    std::string seen;
    detail::MultipartParser parser("b", {.max_parts = 20, .max_header_bytes = 200, .max_preamble = 50});
    std::size_t begin = 0;
    std::size_t end = 0;
    try {
        while (true) {
            const auto step = parser.next(text.substr(begin, end - begin));
            begin += step.consumed;
            require(begin <= end && step.data.size() <= text.size());
            if (step.event == Event::part) {
                look_at(parser.headers(), seen);
            } else if (step.event == Event::data) {
                seen += step.data;
            } else if (step.event == Event::part_end) {
                seen += "[part end]";
            } else if (step.event == Event::end) {
                return seen + "[end]";
            } else if (begin == end) {
                if (end == text.size()) {
                    return seen + "[more]";
                }
                end = std::min(text.size(), end + one);
                std::swap(one, other);
            }
        }
    } catch (const ProtocolError& e) {
        return seen + "[" + std::to_string(e.status()) + "]";
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::string whole = told(text, std::max<std::size_t>(text.size(), 1), 1);
    require(told(text, 1, 1) == whole);
    require(told(text, data[0] + std::size_t{1}, data[1] + std::size_t{1}) == whole);
    return 0;
}
