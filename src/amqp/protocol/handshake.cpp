// SPDX-License-Identifier: MIT

#include "amqp/protocol/handshake.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <tendril/amqp/error.hpp>
#include <tendril/version.hpp>

#include "amqp/protocol/frame.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"
#include "base/escape.hpp"

namespace tendril::amqp::detail {

namespace {

constexpr int access_refused = 403;

bool has_word(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        const std::size_t end = std::min(words.find(' '), words.size());
        if (words.substr(0, end) == word) {
            return true;
        }
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

// 0 means no limit.
template <class N>
N smaller(N ours, N theirs) {
    return ours == 0 || theirs == 0 ? std::max(ours, theirs) : std::min(ours, theirs);
}

}  // namespace

Handshake::Handshake(HandshakeOptions options) : options_(std::move(options)) {
    if (options_.frame_max < frame_before_tune) {
        throw std::invalid_argument("frame_max " + std::to_string(options_.frame_max) +
                                    ": must be at least 8192, as RabbitMQ 4.1 takes no less");
    }
}

void Handshake::begin(std::string& out) {
    out += protocol_header;
}

bool Handshake::take(std::string_view payload, std::string& out) {
    const MethodId id = method_id(payload);
    if (id == method::ConnectionClose::info.id) {
        refused(decode_method<method::ConnectionClose>(payload), out);
    }
    switch (state_) {
    case State::start:
        answer_start(decode_method<method::ConnectionStart>(payload), out);
        return false;
    case State::tune:
        if (id == method::ConnectionSecure::info.id) {
            throw AuthError(login(), access_refused, "it asks for more than a name and a password (connection.secure)",
                            std::string(method::ConnectionStartOk::info.name));
        }
        answer_tune(decode_method<method::ConnectionTune>(payload), out);
        return false;
    case State::open:
        decode_method<method::ConnectionOpenOk>(payload);
        state_ = State::done;
        return true;
    case State::done:
        break;
    }
    throw std::logic_error("Handshake::take() after the connection is open: its methods are the connection's");
}

void Handshake::answer_start(const method::ConnectionStart& start, std::string& out) {
    if (start.version_major != 0 || start.version_minor != 9) {
        throw ProtocolError("the server speaks AMQP " + std::to_string(start.version_major) + "-" +
                            std::to_string(start.version_minor) + ", not 0-9-1");
    }
    const std::string_view mechanism = options_.external ? "EXTERNAL" : "PLAIN";
    if (!has_word(start.mechanisms, mechanism)) {
        throw AuthError(login(), access_refused,
                        "it does not offer " + std::string(mechanism) +
                            ", but: " + tendril::detail::escaped(start.mechanisms, 200) +
                            (options_.external ? " (EXTERNAL needs a plugin of RabbitMQ's)" : ""),
                        std::string(start.info.name));
    }
    std::string response;
    if (!options_.external) {
        response.append(1, '\0').append(options_.user).append(1, '\0').append(options_.password);
    }
    append_method(
        out, 0,
        method::ConnectionStartOk{
            .client_properties = properties(), .mechanism = mechanism, .response = response, .locale = "en_US"});
    server_properties_ = start.server_properties;
    state_ = State::tune;
}

void Handshake::answer_tune(const method::ConnectionTune& tune, std::string& out) {
    agreed_.channel_max = smaller(options_.channel_max, tune.channel_max);
    if (agreed_.channel_max == 0) {
        agreed_.channel_max = UINT16_MAX;
    }
    agreed_.frame_max = smaller(options_.frame_max, tune.frame_max);
    if (agreed_.frame_max < frame_min) {
        throw ProtocolError("the broker allows frames of " + std::to_string(agreed_.frame_max) +
                            " bytes; AMQP 0-9-1 demands at least 4096");
    }
    agreed_.heartbeat = options_.heartbeat == 0 ? std::uint16_t{0} : smaller(options_.heartbeat, tune.heartbeat);
    append_method(out, 0, agreed_);
    append_method(out, 0, method::ConnectionOpen{.virtual_host = options_.vhost});
    state_ = State::open;
}

void Handshake::refused(const method::ConnectionClose& close, std::string& out) const {
    append_method(out, 0, method::ConnectionCloseOk{});
    std::string about;
    if (const MethodInfo* info = method_info({close.class_id, close.method_id})) {
        about = info->name;
    }
    const std::string text = tendril::detail::escaped(close.reply_text);
    if (state_ == State::tune && close.reply_code == access_refused) {
        throw AuthError(login(), close.reply_code, text, std::move(about));
    }
    throw ConnectionError(state_ == State::open ? "connecting to the vhost '" + options_.vhost + "'" : login(),
                          close.reply_code, text, std::move(about));
}

std::exception_ptr Handshake::hung_up() const {
    const auto capabilities = server_properties_.get<Table>("capabilities").value_or(Table());
    if (state_ != State::tune || capabilities.get<bool>("authentication_failure_close").value_or(false)) {
        return nullptr;
    }
    return std::make_exception_ptr(
        AuthError(login(), 0, "it hung up", std::string(method::ConnectionStartOk::info.name)));
}

std::string Handshake::login() const {
    return options_.external ? "login by certificate" : "login as '" + tendril::detail::escaped(options_.user) + "'";
}

Table Handshake::properties() const {
    Table all{{"product", "tendril"},
              {"version", header_version.text()},
              {"platform", "C++"},
              {"capabilities", Table{{"authentication_failure_close", true},
                                     {"consumer_cancel_notify", true},
                                     {"connection.blocked", true},
                                     {"basic.nack", true},
                                     {"publisher_confirms", true},
                                     {"exchange_exchange_bindings", true},
                                     {"per_consumer_qos", true}}}};
    if (!options_.name.empty()) {
        all.set("connection_name", options_.name);
    }
    for (const auto& [name, value] : options_.client_properties) {
        all.set(name, value);
    }
    return all;
}

}  // namespace tendril::amqp::detail
