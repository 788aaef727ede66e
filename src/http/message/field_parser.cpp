// SPDX-License-Identifier: MIT

#include "http/message/field_parser.hpp"

#include <tendril/http/message.hpp>

namespace tendril::http::detail {

void refuse_line() {
    throw ProtocolError(Fault::malformed, 400, "a line that ends without a carriage return");
}

void refuse_field(std::string_view line) {
    const char* how = "a header line that is not a name and a colon";
    if (!line.empty() && is_blank(line[0])) {
        how = "a header that continues on another line";
    } else if (const std::size_t colon = line.find(':');
               colon != std::string_view::npos && is_token(line.substr(0, colon))) {
        how = "a control character in a header";
    }
    throw ProtocolError(Fault::malformed, 400, how);
}

}  // namespace tendril::http::detail
