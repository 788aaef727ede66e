// SPDX-License-Identifier: MIT
//
// TLS sockets in wait() and iwait(): one is ready when recv() would return without waiting. The descriptor's events do
// not tell: bytes may be decrypted already, and what has arrived may be half a record, or a record without data.

#include <openssl/err.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <tendril/detail/hub/observer.hpp>
#include <tendril/tls.hpp>

#include "net/socket_access.hpp"
#include "net/tls_state.hpp"
#include "net/transfer.hpp"

namespace tendril {

namespace detail {

namespace {

// Notifies an Observer when a TLS socket becomes ready. Checks that in the hub's own green thread, since decrypting
// needs a stack, and may fail.
struct TlsReadyWatch final : Observer::Bond, Interest, HubCallback {
    const std::shared_ptr<TlsState> state;
    Observer& observer;
    Presence keeps;  // keeps the hub waiting for events
    bool closed = false;
    bool notified = false;

    TlsReadyWatch(std::shared_ptr<TlsState> s, Observer& o) noexcept
        : Interest(events::read, &TlsReadyWatch::on_event), state(std::move(s)), observer(o) {
        here::keep_awaiting(keeps);
    }
    TlsReadyWatch(const TlsReadyWatch&) = delete;
    TlsReadyWatch& operator=(const TlsReadyWatch&) = delete;
    ~TlsReadyWatch() override {
        HubCallback::unlink();
        here::descriptors().unwatch(*this);
    }

    static void on_event(Interest& interest, Events what) noexcept {
        auto& self = static_cast<TlsReadyWatch&>(interest);
        self.closed = self.closed || (what & events::invalid) != 0;
        if ((what & static_cast<Events>(~events::write)) != 0 && !self.notified && !self.HubCallback::linked()) {
            here::post(self);
        }
    }

    void run() noexcept override {
        if (notified = closed || looks_ready() || here::descriptors().renew(*this) < 0; notified) {
            observer.notify(observer);
        }
    }

    void dropped() noexcept override { HubCallback::unlink(); }

private:
    bool looks_ready() noexcept {
        try {
            return state->ready();
        } catch (...) {
            return true;  // recv() will say why
        }
    }
};

}  // namespace

bool TlsState::ready() {
    if (!SocketAccess::handle(socket_).is_open()) {
        return true;  // recv() fails at once
    }
    static_cast<void>(SocketAccess::handle(socket_).use(tls_socket));
    if (ended_ || read_shut_ || broken_ || found_ != nullptr) {
        return true;
    }
    // Decrypts nothing during a handshake, or while another green thread reads: that one would then wait for an event
    // that has already been used up.
    const bool nobody_reads = !reading_ && receive_turn_.available() > 0;
    return handshaken_ && nobody_reads ? peek() : SSL_pending(ssl_.get()) > 0 || socket_.ready();
}

// Decrypts what has arrived, up to the first byte of data, which stays. Keeps an error for the next call that reads.
bool TlsState::peek() {
    constexpr int most_rounds = 4;  // of records without data, a buffer full each; then leaves the rest to recv()
    for (int round = 0; round < most_rounds; ++round) {
        ERR_clear_error();
        wire_.error = 0;
        wire_.starved = false;
        std::byte byte{};
        std::size_t n = 0;
        const int r = SSL_peek_ex(ssl_.get(), &byte, 1, &n);
        if (r > 0) {
            return true;
        }
        const int why = SSL_get_error(ssl_.get(), r);
        const bool by_wire = wire_.error != 0 && why != SSL_ERROR_SSL;
        if (!by_wire && why == SSL_ERROR_WANT_READ) {
            if (wire_.starved) {
                return false;
            }
            continue;
        }
        if (!by_wire && why == SSL_ERROR_WANT_WRITE) {
            return true;  // recv() has something to send first
        }
        if (!by_wire && why == SSL_ERROR_ZERO_RETURN) {
            ended_ = true;
            return true;
        }
        try {
            by_wire ? fail_wire("recv", 0, false) : fail_step(why, "recv", 0);
        } catch (...) {
            found_ = std::current_exception();
        }
        return true;
    }
    return true;
}

void TlsState::observe(const std::shared_ptr<TlsState>& self, Observer& observer) {
    Descriptor& d = SocketAccess::handle(self->socket_).use(tls_socket);
    here::prepare_to_post();
    auto watch = std::make_unique<TlsReadyWatch>(self, observer);
    if (const int r = here::descriptors().watch(d.fd, *watch); r < 0) {
        fail(r, std::string("wait for ") + tls_socket);
    }
    observer.bond = std::move(watch);
}

}  // namespace detail

bool TlsSocket::ready() const {
    return state_ == nullptr || state_->ready();
}

void TlsSocket::observe(detail::Observer& observer) const {
    if (state_ == nullptr) {
        detail::fail(-EBADF, "a TLS socket is closed");
    }
    detail::TlsState::observe(state_, observer);
}

}  // namespace tendril
