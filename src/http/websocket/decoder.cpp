// SPDX-License-Identifier: MIT

#include "http/websocket/decoder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tendril::http::detail {

namespace {

[[noreturn]] void refuse_size() {
    throw WebSocketError(close_code::too_big, "a WebSocket message is longer than allowed");
}

}  // namespace

MessageDecoder::MessageDecoder(bool masked, std::size_t max_message, const std::optional<InflateOptions>& inflate)
    : parser_(masked, inflate.has_value()), max_message_(max_message) {
    if (inflate.has_value()) {
        inflater_.emplace(Wrapping::raw, inflate->window_bits);
        context_takeover_ = inflate->context_takeover;
    }
}

MessageDecoder::Event MessageDecoder::feed(Bytes& in) {
    for (;;) {
        if (whole_) {
            return Event::message;
        }
        if (!in_payload_) {
            if (!parser_.parse(in, frame_)) {
                return Event::none;
            }
            begin_frame();
        }
        if (is_control(frame_.opcode)) {
            if (!take_control(in)) {
                return Event::none;
            }
            in_payload_ = false;
            return frame_.opcode == Opcode::ping   ? Event::ping
                   : frame_.opcode == Opcode::pong ? Event::pong
                                                   : Event::close;
        }
        take_data(in);
        if (left_ > 0) {
            return Event::none;
        }
        in_payload_ = false;
        if (frame_.fin) {
            end_message();
        }
    }
}

std::string MessageDecoder::take_message() {
    whole_ = false;
    return std::exchange(message_, {});
}

void MessageDecoder::begin_frame() {
    in_payload_ = true;
    left_ = frame_.size;
    if (is_control(frame_.opcode)) {
        control_size_ = 0;
        return;
    }
    if (frame_.opcode != Opcode::continuation) {
        binary_ = frame_.opcode == Opcode::binary;
        compressed_ = frame_.compressed;
        utf8_.reset();
    }
    if (!compressed_ && frame_.size > max_message_ - message_.size()) {
        refuse_size();
    }
}

bool MessageDecoder::take_control(Bytes& in) {
    const auto n = static_cast<std::uint8_t>(std::min<std::uint64_t>(left_, in.size()));
    char* const to = control_.data() + control_size_;
    if (n > 0) {
        std::memcpy(to, in.data(), n);
    }
    if (frame_.masked) {
        mask({to, n}, frame_.key, control_size_);
    }
    control_size_ = static_cast<std::uint8_t>(control_size_ + n);
    left_ -= n;
    in = in.after(n);
    return left_ == 0;
}

void MessageDecoder::take_data(Bytes& in) {
    constexpr std::size_t inflated_at_once = 1024;
    while (left_ > 0 && !in.empty()) {
        auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size()));
        const std::uint64_t offset = frame_.size - left_;
        if (compressed_) {
            std::array<std::byte, inflated_at_once> plain;
            n = std::min(n, plain.size());
            std::memcpy(plain.data(), in.data(), n);
            if (frame_.masked) {
                mask({plain.data(), n}, frame_.key, offset);
            }
            inflate({plain.data(), n});
        } else {
            const std::size_t before = message_.size();
            message_.append(reinterpret_cast<const char*>(in.data()), n);
            if (frame_.masked) {
                mask({message_.data() + before, n}, frame_.key, offset);
            }
            check_text(before);
        }
        left_ -= n;
        in = in.after(n);
    }
}

// Asks for one byte more than allowed, to see whether there is one.
void MessageDecoder::inflate(Bytes piece) {
    constexpr std::size_t at_once = 4096;
    std::size_t n = 0;
    std::size_t room = 0;
    do {
        if (inflater_->ended() && !piece.empty()) {
            // a block was marked as the last one: the next data begins a new stream, RFC 7692, 7.2.3.4
            inflater_->reset();
        }
        const std::size_t before = message_.size();
        room = max_message_ - before < at_once ? max_message_ - before + 1 : at_once;
        message_.resize(before + room);
        try {
            n = inflater_->inflate(piece, {message_.data() + before, room});
        } catch (const ProtocolError&) {
            throw WebSocketError(close_code::invalid_data, "a WebSocket message cannot be decompressed");
        }
        message_.resize(before + n);
        if (message_.size() > max_message_) {
            refuse_size();
        }
        check_text(before);
    } while (n == room || !piece.empty());
}

void MessageDecoder::check_text(std::size_t from) {
    if (!binary_ && !utf8_.feed(std::string_view(message_).substr(from))) {
        throw WebSocketError(close_code::invalid_data, "a WebSocket text is not UTF-8");
    }
}

void MessageDecoder::end_message() {
    if (compressed_) {
        if (!inflater_->ended()) {
            inflate({"\0\0\xff\xff", 4});
        }
        if (!inflater_->at_block_end()) {
            throw WebSocketError(close_code::invalid_data, "a compressed WebSocket message was cut short");
        }
        if (!context_takeover_) {
            inflater_->reset();
        }
    }
    if (!binary_ && !utf8_.complete()) {
        throw WebSocketError(close_code::invalid_data, "a WebSocket text ends inside a character");
    }
    whole_ = true;
}

}  // namespace tendril::http::detail
