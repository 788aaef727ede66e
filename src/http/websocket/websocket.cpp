// SPDX-License-Identifier: MIT

#include <tendril/http/websocket.hpp>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "http/message/utf8.hpp"
#include "http/websocket/state.hpp"
#include "net/peer_watch.hpp"

namespace tendril::http {

namespace {

template <class State>
std::shared_ptr<State> use(const std::shared_ptr<State>& state) {
    if (state == nullptr) {
        throw std::system_error(EBADF, std::generic_category(), "a WebSocket is closed");
    }
    return state;
}

const WebSocketOptions& checked(const WebSocketOptions& options) {
    if (options.fragment_size == 0) {
        throw std::invalid_argument("a WebSocket's fragment_size must be at least 1");
    }
    return options;
}

// Returns: how the peer compresses its messages; nothing if it does not.
std::optional<detail::InflateOptions> inflation(WebSocketRole role, const WebSocketAgreement& agreed) {
    if (!agreed.deflate.has_value()) {
        return std::nullopt;
    }
    const WebSocketDeflate& d = *agreed.deflate;
    return role == WebSocketRole::client
               ? detail::InflateOptions{d.server_max_window_bits, !d.server_no_context_takeover}
               : detail::InflateOptions{d.client_max_window_bits, !d.client_no_context_takeover};
}

}  // namespace

WebSocket::State::State(std::unique_ptr<Stream> s, WebSocketRole r, const WebSocketOptions& options,
                        WebSocketAgreement&& agreed, std::string&& over)
    : stream(std::move(s)), role(r), fragment_size(options.fragment_size), ping_interval(options.ping_interval),
      ping_timeout(options.ping_timeout), write_timeout(options.write_timeout), close_timeout(options.close_timeout),
      agreement(std::move(agreed)), serving(options.idle_in_recv),
      connection(tendril::detail::PeerWatch(stream->fd()).connection()),
      decoder(r == WebSocketRole::server, options.max_message, inflation(r, agreement)), leftover(std::move(over)),
      input(leftover), idle_at(ping_interval.count() > 0 ? Deadline(ping_interval) : never) {
    if (agreement.deflate.has_value()) {
        const WebSocketDeflate& d = *agreement.deflate;
        const bool server = role == WebSocketRole::server;
        deflater.emplace(detail::Wrapping::raw, d.level, server ? d.server_max_window_bits : d.client_max_window_bits);
        deflate_for_itself = server ? d.server_no_context_takeover : d.client_no_context_takeover;
    }
}

WebSocket::WebSocket(std::unique_ptr<Stream> stream, WebSocketRole role, const WebSocketOptions& options,
                     WebSocketAgreement agreement, std::string leftover) {
    if (stream == nullptr) {
        throw std::invalid_argument("a WebSocket needs a stream");
    }
    state_ =
        std::make_shared<State>(std::move(stream), role, checked(options), std::move(agreement), std::move(leftover));
}

WebSocket& WebSocket::operator=(WebSocket&& other) noexcept {
    WebSocket moved(std::move(other));
    std::swap(state_, moved.state_);
    return *this;
}

std::optional<WebSocket::Message> WebSocket::recv(Deadline deadline) {
    return use(state_)->recv(deadline);
}

void WebSocket::send(std::string_view text, Deadline deadline) {
    if (!detail::is_utf8(text)) {
        throw std::invalid_argument("a WebSocket text must be UTF-8: use send_binary() for anything else");
    }
    use(state_)->send_message(detail::Opcode::text, text, deadline);
}

void WebSocket::send_binary(Bytes bytes, Deadline deadline) {
    use(state_)->send_message(detail::Opcode::binary, bytes, deadline);
}

void WebSocket::ping(Bytes payload, Deadline deadline) {
    if (payload.size() > detail::longest_control) {
        throw std::invalid_argument("a WebSocket's ping may have 125 bytes at most");
    }
    use(state_)->send_ping(payload, deadline);
}

bool WebSocket::close(int code, std::string_view reason, Deadline deadline) {
    if (!detail::may_be_sent(code)) {
        throw std::invalid_argument(std::to_string(code) + " must not be sent as a WebSocket's close code");
    }
    const std::string payload = detail::make_close(code, reason);
    if (payload.size() > detail::longest_control || !detail::is_utf8(reason)) {
        throw std::invalid_argument("the reason for closing a WebSocket must be UTF-8, 123 bytes at most");
    }
    const auto state = state_;
    return state == nullptr || state->close(payload, deadline);
}

void WebSocket::abort() noexcept {
    if (state_ != nullptr) {
        state_->finish();
    }
}

bool WebSocket::is_open() const noexcept {
    return state_ != nullptr && !state_->done;
}

int WebSocket::close_code() const noexcept {
    return state_ != nullptr && state_->done ? state_->code : 0;
}

std::string_view WebSocket::close_reason() const noexcept {
    return state_ != nullptr && state_->done ? std::string_view(state_->reason) : std::string_view();
}

std::string_view WebSocket::subprotocol() const noexcept {
    return state_ != nullptr ? std::string_view(state_->agreement.subprotocol) : std::string_view();
}

bool WebSocket::compressed() const noexcept {
    return state_ != nullptr && state_->agreement.deflate.has_value();
}

}  // namespace tendril::http
