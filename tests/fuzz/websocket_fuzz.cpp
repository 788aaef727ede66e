// SPDX-License-Identifier: MIT
//
// Whatever a peer sends: the decoder of a WebSocket says the same, however it comes in pieces; no message is longer
// than may be, and no text is anything but UTF-8; what it says is sent again and read as the same. And whatever stands
// in Sec-WebSocket-Extensions: what is agreed on is within bounds.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/message/utf8.hpp"
#include "http/websocket/decoder.hpp"
#include "http/websocket/handshake.hpp"

namespace {

using namespace tendril::http;
using namespace tendril::http::detail;
using tendril::Bytes;

constexpr std::size_t longest = 5000;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

// What is told, one after another, and whether an error ended it.
struct Told {
    std::string all;
    bool failed = false;
};

// `again` gets it as frames of a server.
Told told(std::string_view data, std::size_t piece, unsigned flags, std::string* again) {
    std::optional<InflateOptions> inflate;
    if ((flags & 2) != 0) {
        inflate = InflateOptions{8 + static_cast<int>(flags >> 3 & 7), (flags & 4) != 0};
    }
    MessageDecoder decoder((flags & 1) != 0, longest, inflate);
    std::string all;
    bool failed = false;
    try {
        for (std::size_t at = 0; at < data.size(); at += piece) {
            Bytes in(data.data() + at, std::min(piece, data.size() - at));
            for (MessageDecoder::Event event; (event = decoder.feed(in)) != MessageDecoder::Event::none;) {
                std::string what(decoder.control());
                Opcode opcode = event == MessageDecoder::Event::ping ? Opcode::ping : Opcode::pong;
                if (event == MessageDecoder::Event::message) {
                    opcode = decoder.binary() ? Opcode::binary : Opcode::text;
                    what = decoder.take_message();
                    require(what.size() <= longest);
                    require(decoder.binary() || is_utf8(what));
                } else if (event == MessageDecoder::Event::close) {
                    const CloseReason reason = parse_close(what);
                    require(reason.code == close_code::none || may_be_sent(reason.code));
                    require(make_close(reason.code, reason.text) == what);
                    return {all + "close" + what};
                }
                all += std::to_string(static_cast<int>(opcode)) + what + '\n';
                if (again != nullptr) {
                    *again += make_frame({.opcode = opcode}, what);
                }
            }
            require(in.empty());
        }
    } catch (const WebSocketError& e) {
        require(may_be_sent(e.close_code()));
        // Inflating may come upon both, too much and malformed, at once: which is told depends on the pieces.
        failed = true;
        all += inflate.has_value() ? "" : "error " + std::to_string(e.close_code());
    }
    return {all, failed};
}

// zlib looks back further than the window that was agreed on where all of that lies in the output of one call, and both
// the pieces of the input and our buffer of 4 KiB end such calls: what no honest peer sends may be read in one way of
// cutting it, and be an error in the other. Up to that error both say the same.
bool same(const Told& whole, const Told& pieces) {
    return (whole.failed == pieces.failed && whole.all == pieces.all) ||
           (whole.failed && pieces.all.starts_with(whole.all)) || (pieces.failed && whole.all.starts_with(pieces.all));
}

void check_bounds(const WebSocketDeflate& agreed) {
    require(agreed.server_max_window_bits >= 8 && agreed.server_max_window_bits <= 15);
    require(agreed.client_max_window_bits >= 8 && agreed.client_max_window_bits <= 15);
}

void negotiate(std::string_view list) {
    const auto extensions = parse_extensions(list);
    if (!extensions.has_value()) {
        return;
    }
    if (const auto accepted = accept_deflate(*extensions, {}); accepted.has_value()) {
        check_bounds(accepted->agreed);
        const auto answer = parse_extensions(accepted->answer);
        require(answer.has_value() && answer->size() == 1);
    }
    for (const Extension& each : *extensions) {
        if (const auto agreed = agree_on_deflate(each, {}); agreed.has_value()) {
            check_bounds(*agreed);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const unsigned flags = data[0];
    const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    if ((flags & 0x80) != 0) {
        negotiate(rest);
        return 0;
    }
    std::string again;
    const Told whole = told(rest, rest.size() + 1, flags, &again);
    const Told pieces = told(rest, 1 + data[1] % 32, flags, nullptr);
    const bool small_window = (flags & 2) != 0 && (flags >> 3 & 7) != 7;
    require(small_window ? same(whole, pieces) : whole.all == pieces.all && whole.failed == pieces.failed);
    if (!again.empty()) {
        const Told once_more = told(again, 7, 0, nullptr);
        require(!once_more.failed && whole.all.starts_with(once_more.all));
    }
    return 0;
}
