// SPDX-License-Identifier: MIT

#include <tendril/tls.hpp>

#include <stdexcept>

#include "base/lazy.hpp"
#include "net/socket_access.hpp"
#include "net/tls_state.hpp"

namespace tendril {

using detail::TlsState;

namespace {

// Returns a reference that keeps the state during a call, even if the socket is closed meanwhile. Throws: EBADF.
std::shared_ptr<TlsState> use(const std::shared_ptr<TlsState>& state) {
    if (state == nullptr) {
        detail::fail(-EBADF, "a TLS socket is closed");
    }
    return state;
}

}  // namespace

TlsSocket::TlsSocket(std::shared_ptr<TlsState> state) noexcept : state_(std::move(state)) {}

TlsSocket::TlsSocket(TlsSocket&& other) noexcept = default;

TlsSocket& TlsSocket::operator=(TlsSocket&& other) noexcept {
    if (this != &other) {
        close();
        state_ = std::move(other.state_);
    }
    return *this;
}

TlsSocket::~TlsSocket() {
    TlsSocket::close();
}

void TlsSocket::handshake(Deadline deadline) {
    use(state_)->handshake(deadline);
}

std::size_t TlsSocket::recv(Buffer buffer, Deadline deadline) {
    return use(state_)->recv(buffer, deadline);
}

std::size_t TlsSocket::recv_exactly(Buffer buffer, Deadline deadline) {
    return use(state_)->recv_exactly(buffer, deadline);
}

std::size_t TlsSocket::send(Bytes bytes, Deadline deadline) {
    return use(state_)->send(bytes, deadline);
}

void TlsSocket::send_all(Bytes bytes, Deadline deadline) {
    use(state_)->send_all(bytes, deadline);
}

void TlsSocket::send_parts(std::span<const Bytes> parts, Deadline deadline) {
    use(state_)->send_parts(parts, deadline);
}

void TlsSocket::await_data(Deadline deadline) {
    use(state_)->await_data(deadline);
}

std::size_t TlsSocket::pending() const noexcept {
    return state_ != nullptr ? static_cast<std::size_t>(SSL_pending(state_->ssl())) : 0;
}

void TlsSocket::shutdown(Shutdown how, Deadline deadline) {
    use(state_)->shutdown(how, deadline);
}

void TlsSocket::close() noexcept {
    if (const std::shared_ptr<TlsState> state = std::move(state_)) {
        state->close();
    }
}

bool TlsSocket::is_open() const noexcept {
    return state_ != nullptr && state_->socket().is_open();
}

int TlsSocket::fd() const noexcept {
    return state_ != nullptr ? state_->socket().fd() : -1;
}

void TlsSocket::request_certificate(Deadline deadline) {
    use(state_)->request_certificate(deadline);
}

TcpSocket TlsSocket::unwrap(Deadline deadline) {
    TcpSocket plain = use(state_)->unwrap(deadline);
    state_.reset();
    return plain;
}

Address TlsSocket::local_address() const {
    return use(state_)->socket().local_address();
}

Address TlsSocket::peer_address() const {
    return use(state_)->socket().peer_address();
}

std::shared_ptr<const detail::TlsLink> TlsSocket::link() const noexcept {
    return state_;
}

bool TlsSocket::kernel_sends() const {
    return BIO_get_ktls_send(SSL_get_wbio(use(state_)->ssl()));
}

bool TlsSocket::kernel_receives() const {
    return BIO_get_ktls_recv(SSL_get_rbio(use(state_)->ssl()));
}

TlsSocket wrap_ssl(TcpSocket socket, const TlsContext& context, const WrapOptions& options, Deadline deadline) {
    auto state = std::make_shared<TlsState>(std::move(socket), context, options);
    TlsSocket wrapped = TlsState::socket_of(std::move(state));
    if (options.handshake_on_connect) {
        wrapped.handshake(deadline);
    }
    return wrapped;
}

TlsListener::TlsListener(Listener listener, TlsContext context, WrapOptions options)
    : listener_(std::move(listener)), context_(std::move(context)), options_(std::move(options)) {
    if (!context_.server_side()) {
        throw std::invalid_argument("a TLS listener needs a context with .server_side = true");
    }
    if (!options_.server_name.empty() || options_.session) {
        throw std::invalid_argument(
            "a TLS listener's .server_name and .session would have no effect: they are a client's");
    }
    options_.handshake_on_connect = false;
}

void TlsListener::offer_alpn(std::vector<std::string> names) {
    if (options_.alpn.empty()) {
        options_.alpn = std::move(names);
    }
}

TlsSocket TlsListener::accept(Deadline deadline) {
    return wrap(listener_.accept(deadline));
}

TlsSocket TlsListener::accept(Address& peer, Deadline deadline) {
    return wrap(listener_.accept(peer, deadline));
}

TlsSocket TlsListener::wrap(TcpSocket socket) const {
    return wrap_ssl(std::move(socket), context_, options_);
}

TlsListener wrap_ssl(Listener listener, const TlsContext& context, const WrapOptions& options) {
    return TlsListener(std::move(listener), context, options);
}

TlsCertificate get_server_certificate(std::string_view host, std::uint16_t port, Deadline deadline) {
    static constinit detail::Lazy<TlsContext> trusting;
    const TlsContext& context =
        trusting.get([] { return std::make_unique<const TlsContext>(TlsOptions{.verify = TlsVerify::none}); });
    return get_server_certificate(host, port, context, deadline);
}

TlsCertificate get_server_certificate(std::string_view host, std::uint16_t port, const TlsContext& context,
                                      Deadline deadline) {
    TcpSocket plain = connect(host, port, deadline);
    const TlsSocket socket = wrap_ssl(std::move(plain), context, {.server_name = std::string(host)}, deadline);
    std::optional<TlsCertificate> shown = socket.peer_certificate();
    if (!shown) {  // both sides knew a key instead
        throw TlsError(std::error_code(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, tls_category()),
                       "get_server_certificate: " + std::string(host) + " showed none");
    }
    return std::move(*shown);
}

}  // namespace tendril
