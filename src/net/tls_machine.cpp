// SPDX-License-Identifier: MIT

#include <tendril/tls_machine.hpp>

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <tendril/detail/base/check.hpp>

#include "net/tls_error.hpp"
#include "net/tls_link.hpp"
#include "net/tls_memory.hpp"
#include "net/tls_record.hpp"
#include "net/transfer.hpp"

namespace tendril {

namespace detail {

class TlsMachineState final : public TlsLink {
public:
    TlsMachineState(const TlsContext& context, const WrapOptions& options) : TlsLink(context, options) {
        BIO* bio = new_bio(memory);
        SSL_set_bio(ssl_.get(), bio, bio);
    }

    // Repeats `step`, an SSL_ function, until it is done. Returns: true; false if bytes must come or go first, or with
    // `ended` set at the end of the peer's stream. What was fed bounds the rounds.
    template <class Step>
    bool drive(const char* what, Step step) {
        for (;;) {
            if (broken) {
                throw TlsError(std::error_code(SSL_R_PROTOCOL_IS_SHUTDOWN, tls_category()),
                               std::string(what) + " after an error of this TLS connection");
            }
            forget_errors();
            memory.starved = false;
            const int r = step();
            if (r > 0) {
                return true;
            }
            const int why = SSL_get_error(ssl_.get(), r);
            if (left_.error == nullptr) {  // else OpenSSL may go on without the key that a callback did not give
                if (why == SSL_ERROR_WANT_READ && !memory.starved) {
                    continue;  // a record without data
                }
                if (why == SSL_ERROR_WANT_READ || (why == SSL_ERROR_WANT_WRITE && !memory.no_memory)) {
                    return false;
                }
                if (why == SSL_ERROR_ZERO_RETURN) {
                    ended = true;
                    return false;
                }
            }
            broken = true;
            if (memory.no_memory) {
                ERR_clear_error();
                throw std::bad_alloc();
            }
            throw_failure(why, what);
        }
    }

    bool handshake() {
        if (handshaken_) {
            return true;
        }
        if (!drive("TLS handshake", [this] { return SSL_do_handshake(ssl_.get()); })) {
            if (ended) {
                broken = true;
                throw_failure(SSL_ERROR_SYSCALL, "TLS handshake");
            }
            return false;
        }
        broken = true;  // unless finish_handshake() accepts its result
        finish_handshake();
        broken = false;
        return true;
    }

    TlsMemory memory;
    std::size_t sent = 0;  // of memory.out
    bool broken = false;
    bool ended = false;
    bool notify_sent = false;
};

}  // namespace detail

namespace {

// Throws: EBADF after it was moved from.
detail::TlsMachineState& use(const std::shared_ptr<detail::TlsMachineState>& state) {
    if (state == nullptr) {
        detail::fail(-EBADF, "a TlsMachine was moved from");
    }
    return *state;
}

}  // namespace

TlsMachine::TlsMachine(const TlsContext& context, const WrapOptions& options)
    : state_(std::make_shared<detail::TlsMachineState>(context, options)) {}

TlsMachine::TlsMachine(TlsMachine&&) noexcept = default;
TlsMachine& TlsMachine::operator=(TlsMachine&&) noexcept = default;
TlsMachine::~TlsMachine() = default;

std::shared_ptr<const detail::TlsLink> TlsMachine::link() const noexcept {
    return state_;
}

std::size_t TlsMachine::feed(Bytes bytes) noexcept {
    if (state_ == nullptr) {
        return 0;
    }
    detail::TlsMemory& memory = state_->memory;
    const Buffer space = memory.space();
    const std::size_t n = std::min(bytes.size(), space.size());
    if (n > 0) {
        std::memcpy(space.data(), bytes.data(), n);
        memory.added(n);
    }
    return n;
}

void TlsMachine::feed_end() noexcept {
    if (state_ != nullptr) {
        state_->memory.ended = true;
    }
}

Bytes TlsMachine::outgoing() const noexcept {
    return state_ != nullptr ? Bytes(std::string_view(state_->memory.out)).after(state_->sent) : Bytes();
}

void TlsMachine::sent(std::size_t size) noexcept {
    TENDRIL_ASSERT(size <= outgoing().size());
    if (state_ == nullptr) {
        return;
    }
    if ((state_->sent += size) == state_->memory.out.size()) {
        state_->memory.out.clear();
        state_->sent = 0;
    }
}

bool TlsMachine::handshake() {
    return use(state_).handshake();
}

std::optional<std::size_t> TlsMachine::recv(Buffer buffer) {
    if (!handshake()) {
        return std::nullopt;
    }
    if (buffer.empty() || state_->ended) {
        return 0;
    }
    std::size_t n = 0;
    if (state_->drive("recv", [&] { return SSL_read_ex(state_->ssl(), buffer.data(), buffer.size(), &n); })) {
        return n;
    }
    return state_->ended ? std::optional<std::size_t>(0) : std::nullopt;
}

std::optional<std::size_t> TlsMachine::send(Bytes bytes) {
    if (!handshake()) {
        return std::nullopt;
    }
    if (state_->notify_sent) {
        detail::fail(-EPIPE, "send after the end of the stream was sent");
    }
    std::size_t done = 0;
    while (done < bytes.size() && state_->memory.out.size() <= detail::TlsMemory::most_out / 2) {
        const Bytes rest = bytes.after(done);
        std::size_t n = 0;
        const bool whole = state_->drive("send", [&] {
            return SSL_write_ex(state_->ssl(), rest.data(), std::min(rest.size(), detail::most_in_record), &n);
        });
        if (!whole) {
            break;
        }
        done += n;
    }
    return done > 0 || bytes.empty() ? std::optional(done) : std::nullopt;
}

bool TlsMachine::shutdown() {
    if (use(state_).notify_sent) {
        return true;
    }
    if (!handshake() || state_->memory.out.size() > detail::TlsMemory::most_out / 2) {
        return false;
    }
    state_->notify_sent = state_->drive("shutdown", [this] {
        const int r = SSL_shutdown(state_->ssl());
        return r == 0 ? 1 : r;  // 0: our end record is made, and the peer's has not come
    });
    return state_->notify_sent;
}

std::size_t TlsMachine::pending() const noexcept {
    return state_ != nullptr ? static_cast<std::size_t>(SSL_pending(state_->ssl())) : 0;
}

std::string TlsMachine::leftover() {
    detail::TlsMemory& memory = use(state_).memory;
    const Bytes unread = memory.unread();
    std::string bytes(reinterpret_cast<const char*>(unread.data()), unread.size());
    memory.taken = memory.filled = 0;
    return bytes;
}

}  // namespace tendril
