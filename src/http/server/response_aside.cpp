// SPDX-License-Identifier: MIT
//
// The part of ResponseWriter that sends something other than the response itself: interim responses, and upgrades to
// another protocol.

#include <stdexcept>

#include "http/message/chars.hpp"
#include "http/server/response_writer.hpp"

namespace tendril::http::detail {

void ResponseWriter::send_interim(int status, const Headers& headers) {
    require_open();
    if (status < 100 || status > 199 || status == 101) {
        throw std::invalid_argument("send_interim() sends the statuses 100 to 199 except 101, not " +
                                    std::to_string(status));
    }
    if (state_ == State::open) {
        misuse("an interim response after it has begun");
    }
    if (asked_.version == Version::http_1_0) {
        return;
    }
    const std::size_t at = out_.size();
    try {
        out_.append("HTTP/1.1 ");
        out_.append_number(static_cast<std::uint64_t>(status), 10);
        out_.append(" ").append(reason(status)).append("\r\n");
        append_others(headers);
        out_.append("\r\n");
    } catch (...) {
        out_.shorten(at);
        throw;
    }
    transmit({});
    continued_ = continued_ || status == 100;
}

std::unique_ptr<Stream> ResponseWriter::upgrade(std::string_view protocol) {
    require_open();
    if (has_begun()) {
        misuse("an upgrade after it has begun");
    }
    if (!asked_.upgrades && !asked_.connect) {
        misuse("an upgrade that the request does not ask for");
    }
    if (!asked_.connect && (!is_field_text(protocol) || protocol.empty())) {
        throw std::invalid_argument("upgrade() to a protocol whose name is not valid");
    }
    side_->end_request();
    const std::size_t at = out_.size();
    try {
        if (asked_.connect) {
            out_.append("HTTP/1.1 200 OK\r\n");
        } else {
            out_.append("HTTP/1.1 101 Switching Protocols\r\n");
            append_field("Connection", "Upgrade");
            append_field("Upgrade", protocol);
            headers_.remove("Upgrade");
        }
        append_others(headers_);
        out_.append("\r\n");
    } catch (...) {
        out_.shorten(at);
        throw;
    }
    status_ = asked_.connect ? 200 : 101;
    transition(State::collecting);
    transmit({});
    std::unique_ptr<Stream> stream = side_->take_stream();
    transition(State::upgraded);
    return stream;
}

}  // namespace tendril::http::detail
