// SPDX-License-Identifier: MIT

#include "amqp/protocol/frame_reader.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/big_endian.hpp"
#include "base/escape.hpp"

namespace tendril::amqp::detail {

namespace {

[[noreturn]] void throw_other_version(std::string_view header) {
    const auto at = [&](std::size_t i) { return std::to_string(static_cast<unsigned char>(header[i])); };
    const bool old = header[4] == 1 && header[5] == 1;  // "AMQP", 1, 1, major, minor: AMQP 0-8 and 0-9
    const std::string version = old ? at(6) + "-" + at(7) : at(5) + "." + at(6) + "." + at(7);
    throw ProtocolError("the server does not speak AMQP 0-9-1; it wants AMQP " + version +
                        (header[4] == 3 && !old ? " with SASL" : ""));
}

[[noreturn]] void throw_not_amqp(std::string_view start) {
    if (start[0] == 0x15 || start[0] == 0x16) {
        throw ProtocolError("the server speaks TLS on this port: use amqps://");
    }
    throw ProtocolError("the server does not speak AMQP: it began with \"" + tendril::detail::escaped(start, 40) +
                        "\"");
}

bool known(std::uint8_t type) noexcept {
    return type == 1 || type == 2 || type == 3 || type == 8;
}

// The first bytes of a connection: a peer that does not know our version sends a header of its own and hangs up.
// Returns: whether that has begun, but is not whole.
bool is_protocol_header(std::string_view start) {
    constexpr std::string_view amqp = "AMQP";
    if (start.substr(0, amqp.size()) == amqp.substr(0, start.size())) {
        if (start.size() < protocol_header.size()) {
            return true;
        }
        throw_other_version(start);
    }
    if (!known(static_cast<std::uint8_t>(start[0]))) {
        throw_not_amqp(start);
    }
    return false;
}

}  // namespace

std::span<char> FrameReader::room() {
    if (begin_ == end_) {
        begin_ = end_ = 0;
    }
    // A frame that is larger than the buffer, up to what was agreed on; or a peer that sends faster than we read.
    std::size_t need = std::max(capacity_, least);
    if (wanted_ > need) {
        need = wanted_;
    } else if (was_full_ && capacity_ < most_without_need) {
        need = capacity_ * 2;
    }
    was_full_ = false;
    if (need > capacity_) {
        resize(need);
    } else if (begin_ > 0 && (capacity_ - end_ < capacity_ / 2 || begin_ + wanted_ > capacity_)) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    return {buffer_.get() + end_, capacity_ - end_};
}

void FrameReader::resize(std::size_t capacity) {
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    const std::string_view held = unread();
    held.copy(larger.get(), held.size());
    buffer_ = std::move(larger);
    capacity_ = capacity;
    end_ = held.size();
    begin_ = 0;
}

void FrameReader::filled(std::size_t n) noexcept {
    end_ += n;
    was_full_ = end_ == capacity_;
}

std::optional<Frame> FrameReader::next() {
    const std::string_view held = unread();
    if (!spoken_ && !held.empty() && is_protocol_header(held)) {
        return std::nullopt;
    }
    if (held.size() < frame_head) {
        wanted_ = 0;
        return std::nullopt;
    }
    const auto type = static_cast<std::uint8_t>(held[0]);
    const auto channel = load_big_endian<std::uint16_t>(held.data() + 1);
    const std::size_t size = load_big_endian<std::uint32_t>(held.data() + 3);
    if (!known(type)) {
        throw ProtocolError("the broker sent a frame of the type " + std::to_string(type) + ", which is not known");
    }
    if (size + frame_overhead > frame_max_) {
        throw ProtocolError("the broker sent a frame of " + std::to_string(size + frame_overhead) +
                            " bytes; agreed on are at most " + std::to_string(frame_max_));
    }
    if (held.size() < size + frame_overhead) {
        wanted_ = size + frame_overhead;
        return std::nullopt;
    }
    if (static_cast<unsigned char>(held[frame_head + size]) != frame_end) {
        throw ProtocolError("the broker sent a frame that does not end with the byte 206: its size is wrong");
    }
    if (type == 8 && (channel != 0 || size != 0)) {
        throw ProtocolError("the broker sent a heartbeat with a channel or a payload");
    }
    if ((type == 2 || type == 3) && channel == 0) {
        throw ProtocolError("the broker sent content on channel 0, which has none");
    }
    begin_ += size + frame_overhead;
    wanted_ = 0;
    spoken_ = true;
    return Frame{static_cast<FrameType>(type), channel, held.substr(frame_head, size)};
}

void FrameReader::trim() noexcept {
    if (empty() && capacity_ > least) {
        buffer_.reset();
        capacity_ = begin_ = end_ = 0;
        was_full_ = false;
    }
}

}  // namespace tendril::amqp::detail
