// SPDX-License-Identifier: MIT
//
// The encrypted side of a TLS stream: its bytes between OpenSSL's memory and the Stream underneath.

#include <openssl/err.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/on_exit.hpp"
#include "hub/here.hpp"
#include "net/tls_error.hpp"
#include "net/tls_record.hpp"
#include "net/tls_state.hpp"
#include "net/tls_stream_state.hpp"

namespace tendril::detail {

namespace {

// Sends what the Stream takes without waiting; nothing on one of unknown kind, which might wait. Returns: the bytes.
std::size_t try_send_on(Stream& stream, Bytes bytes) {
    if (auto* tcp = dynamic_cast<TcpSocket*>(&stream)) {
        return tcp->try_send(bytes).value_or(0);
    }
    if (auto* tls = dynamic_cast<TlsSocket*>(&stream)) {
        TlsState* state = TlsState::of(*tls);
        return state != nullptr ? state->try_send(bytes) : 0;
    }
    if (auto* over = dynamic_cast<TlsStream*>(&stream)) {
        TlsStreamState* state = TlsStreamState::of(*over);
        return state != nullptr && state->try_send(bytes) ? bytes.size() : 0;
    }
    return 0;
}

}  // namespace

void TlsStreamState::acquire(Semaphore& turn, const char* what, Deadline deadline, std::size_t done) {
    if (!turn.acquire(deadline)) {
        throw TimeoutError(std::string(what) + " on a TLS stream", done);
    }
}

// Receives once; if another green thread does so already, waits until that one has received something.
void TlsStreamState::fill(const char* what, Deadline deadline, std::size_t done) {
    const bool alone = receive_turn_.try_acquire();
    if (!alone) {
        acquire(receive_turn_, what, deadline, done);
    }
    const HeldTurn held(receive_turn_);
    if (!alone) {
        return;
    }
    std::size_t n = 0;
    try {
        n = stream_->recv(memory_.space(), deadline);
    } catch (const TimeoutError& e) {
        throw TimeoutError(what, e, done);
    } catch (const std::system_error&) {
        check_open();
        broken_ = true;
        throw;
    }
    memory_.added(n);
    memory_.ended = n == 0;
}

// Sends all that OpenSSL has made. Requires: write_turn_ is the caller's, or the handshake is.
void TlsStreamState::flush(const char* what, Deadline deadline, std::size_t done) {
    for (;;) {
        if (sent_ == sending_.size()) {
            sending_.clear();
            sent_ = 0;
            if (memory_.out.empty()) {
                return;
            }
            sending_.swap(memory_.out);
        }
        const Bytes rest = Bytes(std::string_view(sending_)).after(sent_);
        const auto gone = [&](std::size_t n) { sent_ += std::min(n, rest.size()); };
        TlsLink::take_kept();
        try {
            gone(stream_->send(rest, deadline));
        } catch (const TimeoutError& e) {
            gone(e.done());
            throw TimeoutError(what, e, done);
        } catch (const Interrupt&) {
            gone(TlsLink::take_kept());
            throw;
        } catch (const std::system_error&) {
            check_open();
            (handshaken_ ? write_broken_ : broken_) = true;
            throw;
        }
        check_open();
    }
}

// Sends what OpenSSL has made for the peer by itself, such as the answer to a key update. If another green thread is
// sending, it sends that too; `wait` for it then, since there is no room for more. Drops it once sending has failed.
void TlsStreamState::flush_answers(const char* what, Deadline deadline, std::size_t done, bool wait) {
    if (!handshaken_) {  // its green thread is the only one that sends
        flush(what, deadline, done);
        return;
    }
    if (write_broken_) {
        memory_.out.clear();  // else it fills up, and OpenSSL reads nothing before it has room for its answers
        return;
    }
    if (!has_output() || (!wait && write_turn_.available() == 0)) {
        return;
    }
    acquire(write_turn_, what, deadline, done);
    const HeldTurn held(write_turn_);
    check_open();
    flush(what, deadline, done);
}

// Sends without waiting. Returns: whether nothing is left.
bool TlsStreamState::try_flush() {
    if (sent_ == sending_.size()) {
        sending_.clear();
        sent_ = 0;
        sending_.swap(memory_.out);
    }
    while (sent_ < sending_.size()) {
        const std::size_t n = try_send_on(*stream_, Bytes(std::string_view(sending_)).after(sent_));
        if (n == 0) {
            return false;
        }
        sent_ += n;
    }
    return memory_.out.empty();
}

void TlsStreamState::send_alert() {
    if (handshaken_ && !write_turn_.try_acquire()) {
        return;  // a writer is at it
    }
    const OnExit given_back([&] {
        if (handshaken_) {
            write_turn_.release();
        }
    });
    try {
        flush("TLS alert", std::chrono::seconds(0), 0);
    } catch (const std::exception&) {  // the error that is about to be thrown says more
    }
}

// Without waiting, and not after the end. Once a part was encrypted, it is sent sooner or later, like the rest.
bool TlsStreamState::try_send(Bytes bytes) {
    if (closed_ || !handshaken_ || broken_ || write_broken_ || notify_sent_ || writing_ ||
        write_turn_.available() == 0 || bytes.size() > most_in_record || !try_flush()) {
        return false;
    }
    forget_errors();
    std::size_t n = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n) != 1) {
        ERR_clear_error();
        broken_ = true;
        return false;
    }
    try_flush();
    return true;
}

void TlsStreamState::close() noexcept {
    if (std::exchange(closed_, true)) {
        return;
    }
    const bool ours = generation_ == fork_generation() && here::has_hub() && here::owner() == owner_;
    if (ours && handshaken_ && !broken_ && !write_broken_ && !notify_sent_ && !writing_ && !has_output() &&
        stream_->is_open()) {
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
        try {
            try_flush();
        } catch (const std::exception&) {  // the peer is gone: nobody misses the end record
        }
    }
    stream_->close();
}

}  // namespace tendril::detail
