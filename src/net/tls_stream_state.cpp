// SPDX-License-Identifier: MIT

#include "net/tls_stream_state.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include <tendril/detail/base/check.hpp>

#include "net/tls_error.hpp"
#include "net/tls_record.hpp"
#include "net/transfer.hpp"

namespace tendril::detail {

namespace {

constexpr const char* tls_stream = "a TLS stream";

}  // namespace

class TlsStreamState::Turn {
public:
    Turn(const TlsStreamState& state, bool& taken, const char* what) : taken_(taken) {
        here::require_owner(tls_stream, state.owner_);  // before another OS thread's turn is looked at
        if (taken_) {
            throw ConcurrentUse(std::string("another green thread is already in ") + what +
                                " on this TLS stream; give each direction to one green thread");
        }
        taken_ = true;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { taken_ = false; }

private:
    bool& taken_;
};

// A writer's turn. Its constructor sends what earlier calls have left.
class TlsStreamState::WriteTurn {
public:
    WriteTurn(TlsStreamState& state, const char* what, Deadline deadline)
        : turn_(state, state.writing_, what), state_(state) {
        state.enter_call();
        state.prepare_handshake(deadline);
        TlsStreamState::acquire(state.write_turn_, what, deadline, 0);
        try {
            state.check_open();
            state.check_usable(what);
            if (state.notify_sent_ || state.write_broken_) {
                fail(-EPIPE, std::string(what) + (state.notify_sent_ ? " after the end of the stream was sent"
                                                                     : " after sending has failed on this TLS stream"));
            }
            state.flush(what, deadline, 0);
        } catch (...) {
            state.write_turn_.release();
            throw;
        }
    }
    WriteTurn(const WriteTurn&) = delete;
    WriteTurn& operator=(const WriteTurn&) = delete;
    ~WriteTurn() { state_.write_turn_.release(); }

private:
    Turn turn_;
    TlsStreamState& state_;
};

TlsStreamState::TlsStreamState(std::shared_ptr<Stream> stream, const TlsContext& context, const WrapOptions& options)
    : TlsLink(context, options), stream_(std::move(stream)), owner_(here::owner()) {
    BIO* bio = new_bio(memory_);
    SSL_set_bio(ssl_.get(), bio, bio);
}

void TlsStreamState::check_open() const {
    if (closed_) {
        fail(-EBADF, std::string(tls_stream) + " was closed by another green thread");
    }
}

void TlsStreamState::check_usable(const char* what) const {
    if (broken_) {
        throw TlsError(std::error_code(SSL_R_PROTOCOL_IS_SHUTDOWN, tls_category()),
                       std::string(what) + " after an error on this TLS stream");
    }
}

void TlsStreamState::enter_call() {
    here::require_owner(tls_stream, owner_);
    here::refuse_in_callback();
    check_open();
    if (here::spend_turn()) {
        here::yield();
        check_open();
    }
}

void TlsStreamState::next_round(const char* what, Deadline deadline, std::size_t done) {
    if (deadline.passed()) {
        throw TimeoutError(std::string(what) + " on a TLS stream", done);
    }
    if (here::spend_turn()) {
        here::yield();
    }
    check_open();
}

// Repeats `step`, an SSL_ function, until it is done; waits in between. `writes`: whether the caller has write_turn_,
// or makes the handshake. Returns: false if the peer has ended its stream.
template <class Step>
bool TlsStreamState::drive(Step step, const char* what, Deadline deadline, std::size_t done, bool writes) {
    for (;;) {
        check_open();
        check_usable(what);
        forget_errors();
        memory_.starved = false;
        const int r = step();
        if (r > 0) [[likely]] {
            return true;
        }
        const int why = SSL_get_error(ssl_.get(), r);
        if (left_.error != nullptr) [[unlikely]] {  // OpenSSL may go on without the key that a callback did not give
            fail_step(why, what, done);
        }
        switch (why) {
        case SSL_ERROR_WANT_READ:
            writes ? flush(what, deadline, done) : flush_answers(what, deadline, done, false);
            if (read_shut_ && !writes) {
                return false;
            }
            if (memory_.starved) {
                fill(what, deadline, done);
                if (read_shut_ && !writes) {
                    return false;
                }
            } else {  // the peer sent records without data: up to a buffer full of key updates
                if (deadline.passed()) {
                    throw TimeoutError(std::string(what) + " on a TLS stream", done);
                }
                here::yield();
            }
            break;
        case SSL_ERROR_ZERO_RETURN:
            return false;
        case SSL_ERROR_WANT_WRITE:
            if (!memory_.no_memory) {
                writes ? flush(what, deadline, done) : flush_answers(what, deadline, done, true);
                break;
            }
            [[fallthrough]];
        default:
            fail_step(why, what, done);
        }
    }
}

// Tells the peer why, if that needs no waiting.
void TlsStreamState::fail_step(int why, const char* what, std::size_t done) {
    broken_ = true;
    if (memory_.no_memory) {
        ERR_clear_error();
        throw std::bad_alloc();
    }
    try {
        throw_failure(why, done > 0 ? std::string(what) + ", after " + std::to_string(done) + " bytes" : what);
    } catch (...) {
        send_alert();
        throw;
    }
}

void TlsStreamState::handshake(Deadline deadline) {
    enter_call();
    prepare_handshake(deadline);
}

void TlsStreamState::prepare_handshake(Deadline deadline) {
    constexpr const char* what = "TLS handshake";
    if (handshaken_) [[likely]] {
        return;
    }
    acquire(handshake_turn_, what, deadline, 0);
    const HeldTurn held(handshake_turn_);
    if (handshaken_) {
        return;
    }
    if (!drive([this] { return SSL_do_handshake(ssl_.get()); }, what, deadline, 0, true)) {
        fail_step(SSL_ERROR_SYSCALL, what, 0);
    }
    try {
        flush(what, deadline, 0);
    } catch (const TimeoutError&) {
        throw;
    } catch (const std::system_error&) {
        check_open();
        if (!server_side()) {
            throw;
        }
        broken_ = false;  // a client may be gone before it takes its tickets (RFC 8446, 4.6.1)
        write_broken_ = true;
    }
    broken_ = true;  // unless finish_handshake() accepts its result
    finish_handshake();
    broken_ = false;
}

std::size_t TlsStreamState::read_some(Buffer buffer, const char* what, Deadline deadline) {
    if (ended_ || read_shut_) {
        return 0;
    }
    std::size_t n = 0;
    if (!drive([&] { return SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &n); }, what, deadline, 0, false)) {
        ended_ = ended_ || !read_shut_;
        return 0;
    }
    return n;
}

std::size_t TlsStreamState::recv(Buffer buffer, Deadline deadline) {
    const Turn turn(*this, reading_, "recv");
    enter_call();
    prepare_handshake(deadline);
    return buffer.empty() ? 0 : read_some(buffer, "recv", deadline);
}

void TlsStreamState::await_data(Deadline deadline) {
    const Turn turn(*this, reading_, "await_data");
    enter_call();
    prepare_handshake(deadline);
    const auto nothing_there = [this] { return SSL_has_pending(ssl_.get()) == 0 && memory_.unread().empty(); };
    if (ended_ || read_shut_ || broken_ || !nothing_there()) {
        return;
    }
    flush_answers("await_data", deadline, 0, false);
    acquire(receive_turn_, "await_data", deadline, 0);
    const HeldTurn held(receive_turn_);
    check_open();
    if (nothing_there()) {
        stream_->await_data(deadline);
    }
}

// Encrypts one record, of at most most_in_record bytes, and sends it. `done`: the bytes sent before, for errors.
std::size_t TlsStreamState::write_record(Bytes record, const char* what, Deadline deadline, std::size_t done) {
    std::size_t n = 0;
    drive([&] { return SSL_write_ex(ssl_.get(), record.data(), record.size(), &n); }, what, deadline, done, true);
    try {
        flush(what, deadline, done + n);
    } catch (const Interrupt&) {
        note_kept(n);
        throw;
    }
    return n;
}

void TlsStreamState::write_all(Bytes bytes, const char* what, Deadline deadline, std::size_t done) {
    for (std::size_t at = 0; at < bytes.size();) {
        if (done + at > 0) {
            next_round(what, deadline, done + at);
        }
        const Bytes rest = bytes.after(at);
        at += write_record({rest.data(), std::min(rest.size(), most_in_record)}, what, deadline, done + at);
    }
}

std::size_t TlsStreamState::send(Bytes bytes, Deadline deadline) {
    const WriteTurn turn(*this, "send", deadline);
    return bytes.empty() ? 0
                         : write_record({bytes.data(), std::min(bytes.size(), most_in_record)}, "send", deadline, 0);
}

void TlsStreamState::send_all(Bytes bytes, Deadline deadline) {
    const WriteTurn turn(*this, "send_all", deadline);
    write_all(bytes, "send_all", deadline, 0);
}

// Puts small parts together into records.
void TlsStreamState::send_parts(std::span<const Bytes> parts, Deadline deadline) {
    const WriteTurn turn(*this, "send_parts", deadline);
    std::string together;
    std::size_t done = 0;
    const auto write = [&](Bytes bytes) {
        write_all(bytes, "send_parts", deadline, done);
        done += bytes.size();
    };
    for (const Bytes part : parts) {
        if (together.size() + part.size() > most_in_record) {
            write(together);
            together.clear();
        }
        if (part.size() >= most_in_record) {
            write(part);
        } else {
            together.append(reinterpret_cast<const char*>(part.data()), part.size());
        }
    }
    write(together);
}

void TlsStreamState::end_writing(const char* what, Deadline deadline) {
    const WriteTurn turn(*this, what, deadline);
    drive(
        [this] {
            const int r = SSL_shutdown(ssl_.get());
            return r == 0 ? 1 : r;  // 0: our end record is made, and the peer's has not come; that is enough
        },
        what, deadline, 0, true);
    notify_sent_ = true;
    flush(what, deadline, 0);
}

void TlsStreamState::shutdown(Shutdown how, Deadline deadline) {
    enter_call();
    if (how != Shutdown::write && !std::exchange(read_shut_, true)) {
        stream_->shutdown(Shutdown::read, deadline);
    }
    if (how != Shutdown::read) {
        if (!notify_sent_) {
            end_writing("shutdown", deadline);
        } else if (has_output() && !write_broken_) {  // an earlier call was broken off
            flush_answers("shutdown", deadline, 0, true);
        }
    }
}

void TlsStreamState::request_certificate(Deadline deadline) {
    const WriteTurn turn(*this, "request_certificate", deadline);
    prepare_request();
    drive([this] { return SSL_do_handshake(ssl_.get()); }, "request_certificate", deadline, 0, true);
    flush("request_certificate", deadline, 0);
}

TlsStream::Unwrapped TlsStreamState::unwrap(Deadline deadline) {
    const Turn turn(*this, reading_, "unwrap");
    shutdown(Shutdown::write, deadline);
    std::byte byte;
    if (read_some({&byte, 1}, "unwrap", deadline) > 0) {
        broken_ = true;
        throw TlsError(std::error_code(SSL_R_APPLICATION_DATA_AFTER_CLOSE_NOTIFY, tls_category()),
                       "unwrap: the peer sent data that was not read; recv() to its end first");
    }
    check_usable("unwrap");
    const Bytes early = memory_.unread();
    TlsStream::Unwrapped made{stream_, std::string(reinterpret_cast<const char*>(early.data()), early.size())};
    closed_ = true;
    return made;
}

}  // namespace tendril::detail
