// SPDX-License-Identifier: MIT

#include <tendril/tls_stream.hpp>

#include <stdexcept>
#include <utility>

#include "net/tls_stream_state.hpp"
#include "net/transfer.hpp"

namespace tendril {

using detail::TlsStreamState;

namespace {

// Returns a reference that keeps the state during a call, even if the stream is closed meanwhile. Throws: EBADF.
std::shared_ptr<TlsStreamState> use(const std::shared_ptr<TlsStreamState>& state) {
    if (state == nullptr) {
        detail::fail(-EBADF, "a TLS stream is closed");
    }
    return state;
}

}  // namespace

TlsStream::TlsStream(std::shared_ptr<TlsStreamState> state) noexcept : state_(std::move(state)) {}

TlsStream::TlsStream(TlsStream&& other) noexcept = default;

TlsStream& TlsStream::operator=(TlsStream&& other) noexcept {
    if (this != &other) {
        close();
        state_ = std::move(other.state_);
    }
    return *this;
}

TlsStream::~TlsStream() {
    TlsStream::close();
}

std::shared_ptr<const detail::TlsLink> TlsStream::link() const noexcept {
    return state_;
}

void TlsStream::handshake(Deadline deadline) {
    use(state_)->handshake(deadline);
}

std::size_t TlsStream::recv(Buffer buffer, Deadline deadline) {
    return use(state_)->recv(buffer, deadline);
}

std::size_t TlsStream::send(Bytes bytes, Deadline deadline) {
    return use(state_)->send(bytes, deadline);
}

void TlsStream::send_all(Bytes bytes, Deadline deadline) {
    use(state_)->send_all(bytes, deadline);
}

void TlsStream::send_parts(std::span<const Bytes> parts, Deadline deadline) {
    use(state_)->send_parts(parts, deadline);
}

void TlsStream::await_data(Deadline deadline) {
    use(state_)->await_data(deadline);
}

std::size_t TlsStream::pending() const noexcept {
    return state_ != nullptr ? static_cast<std::size_t>(SSL_pending(state_->ssl())) : 0;
}

void TlsStream::shutdown(Shutdown how, Deadline deadline) {
    use(state_)->shutdown(how, deadline);
}

void TlsStream::request_certificate(Deadline deadline) {
    use(state_)->request_certificate(deadline);
}

void TlsStream::close() noexcept {
    if (const std::shared_ptr<TlsStreamState> state = std::move(state_)) {
        state->close();
    }
}

bool TlsStream::is_open() const noexcept {
    return state_ != nullptr && state_->is_open();
}

int TlsStream::fd() const noexcept {
    return state_ != nullptr ? state_->fd() : -1;
}

TlsStream::Unwrapped TlsStream::unwrap(Deadline deadline) {
    Unwrapped plain = use(state_)->unwrap(deadline);
    state_.reset();
    return plain;
}

TlsStream wrap_ssl(std::shared_ptr<Stream> stream, const TlsContext& context, const WrapOptions& options,
                   Deadline deadline) {
    if (stream == nullptr) {
        throw std::invalid_argument("wrap_ssl: there is no Stream");
    }
    std::shared_ptr<TlsStreamState> state;
    try {
        state = std::make_shared<TlsStreamState>(stream, context, options);
    } catch (...) {
        stream->close();
        throw;
    }
    TlsStream wrapped = TlsStreamState::stream_of(std::move(state));
    if (options.handshake_on_connect) {
        wrapped.handshake(deadline);
    }
    return wrapped;
}

}  // namespace tendril
