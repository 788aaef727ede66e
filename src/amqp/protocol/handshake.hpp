// SPDX-License-Identifier: MIT
//
// Handshake: what a client says on channel 0 until the connection is open: start, tune, open. Pure; the caller moves
// the bytes.
//
//     handshake.begin(out);                              the protocol's header
//     while (!handshake.take(frame.payload, out)) ...    the answers go to out, also when it throws

#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include <tendril/amqp/table.hpp>

#include "amqp/protocol/methods_connection.hpp"

namespace tendril::amqp::detail {

struct HandshakeOptions {
    std::string user = {};
    std::string password = {};
    bool external = false;  // EXTERNAL instead of PLAIN
    std::string vhost = "/";
    std::string name = {};         // connection_name
    Table client_properties = {};  // added to ours, or in place of them
    std::uint16_t channel_max = 2047;
    std::uint32_t frame_max = 128 * 1024;  // at least frame_before_tune
    std::uint16_t heartbeat = 60;          // seconds; 0: none
};

class Handshake {
public:
    // Throws: std::invalid_argument for a frame_max under frame_before_tune.
    explicit Handshake(HandshakeOptions options);

    void begin(std::string& out);

    // Takes the payload of a method frame of channel 0 and appends the answer. Returns: whether the connection is open;
    // then agreed() and so on hold.
    // Throws: ProtocolError; AuthError: the login was refused, or the broker has no mechanism that we have;
    // ConnectionError: the broker closed, its close-ok is in `out`; std::invalid_argument for properties that cannot be
    // sent.
    bool take(std::string_view payload, std::string& out);

    // What it means when the broker hangs up now without a word: an AuthError (code 0) while it looks at the login,
    // unless it is one that would say so; else null.
    std::exception_ptr hung_up() const;

    // As agreed on: the smaller of both sides', where 0 means no limit. heartbeat 0: none.
    const method::ConnectionTuneOk& agreed() const noexcept { return agreed_; }
    const Table& server_properties() const noexcept { return server_properties_; }

private:
    enum class State : std::uint8_t { start, tune, open, done };

    void answer_start(const method::ConnectionStart& start, std::string& out);
    void answer_tune(const method::ConnectionTune& tune, std::string& out);
    [[noreturn]] void refused(const method::ConnectionClose& close, std::string& out) const;
    Table properties() const;
    std::string login() const;

    HandshakeOptions options_;
    State state_ = State::start;
    method::ConnectionTuneOk agreed_;
    Table server_properties_;
};

}  // namespace tendril::amqp::detail
