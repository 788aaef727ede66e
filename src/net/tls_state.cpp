// SPDX-License-Identifier: MIT

#include "net/tls_state.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>

#include <tendril/detail/base/check.hpp>

#include "base/on_exit.hpp"
#include "net/socket_access.hpp"
#include "net/tls_error.hpp"
#include "net/tls_record.hpp"

namespace tendril {

namespace detail {

namespace {

// Acquires within a call's deadline. Throws: TimeoutError.
void acquire(Semaphore& turn, const Descriptor& d, const char* what, Deadline deadline, std::size_t done) {
    if (!turn.acquire(deadline)) {
        time_out_wait(d, what, done);
    }
}

std::string text_of(const char* what, std::size_t done) {
    return done > 0 ? std::string(what) + ", after " + std::to_string(done) + " bytes" : what;
}

class Held {
public:
    explicit Held(Semaphore& turn) noexcept : turn_(turn) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { turn_.release(); }

private:
    Semaphore& turn_;
};

[[noreturn]] void refuse_second(const char* what) {
    throw ConcurrentUse(std::string("another green thread is already in ") + what +
                        " on this TLS socket; give each direction to one green thread");
}

}  // namespace

// The turn to read or to write, which only one green thread may have.
class TlsState::Turn {
public:
    Turn(bool& taken, const char* what) : taken_(taken) {
        if (taken_) {
            refuse_second(what);
        }
        taken_ = true;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { taken_ = false; }

private:
    bool& taken_;
};

// A reader's turn. It begins with the call, even if the call lets others run first.
class TlsState::ReadTurn {
public:
    ReadTurn(TlsState& state, const char* what)
        : turn_((SocketAccess::handle(state.socket_).use(tls_socket), state.reading_), what) {
        state.enter_call(what);
    }

private:
    Turn turn_;
};

TlsState::TlsState(TcpSocket socket, const TlsContext& context, const WrapOptions& options)
    : TlsLink(context, options), socket_(std::move(socket)) {
    wire_.descriptor = &SocketAccess::handle(socket_).use("the socket of wrap_ssl()");
    BIO* bio = new_bio(wire_);
    SSL_set_bio(ssl_.get(), bio, bio);
    // Reads a record's header and body in one call. The kernel's TLS reads records itself.
    SSL_set_read_ahead(ssl_.get(), context_->options.kernel_tls ? 0 : 1);
}

void TlsState::enter_call(const char* what) {
    Descriptor& d = SocketAccess::handle(socket_).use(tls_socket);
    d.hub->refuse_in_callback();
    Waiter* none = nullptr;  // no place: readers may have to write, and writers to read; the Turns refuse second calls
    take_turn(d, none, tls_socket, what);
}

void TlsState::next_round(const char* what, Deadline deadline, std::size_t done, bool writes) {
    if (deadline.passed()) {
        time_out_round(*wire_.descriptor, what, done);
    }
    Descriptor& d = SocketAccess::handle(socket_).use(tls_socket);
    if (--d.hub->budget <= 0) [[unlikely]] {
        if (writes) {
            refuse_before_first_writer(what);
        }
        Waiter* none = nullptr;  // a second call is refused by its own Turn
        yield_amid(d, none, tls_socket, what);
    }
}

// For a writer that is about to wait or to let others run: refuses it if an earlier one is about to begin.
void TlsState::refuse_before_first_writer(const char* what) const {
    if (next_writes_) [[unlikely]] {
        refuse_second(what);
    }
}

void TlsState::check_usable(const char* what) const {
    if (broken_) {
        throw TlsError(std::error_code(SSL_R_PROTOCOL_IS_SHUTDOWN, tls_category()),
                       std::string(what) + " after an error on this TLS socket");
    }
}

// Repeats `step`, an SSL_ function, until it is done; waits in between. `writes`: whether the caller has the turn to
// write. Returns: false if the peer has ended its stream.
template <class Step>
bool TlsState::drive(Step step, const char* what, Deadline deadline, std::size_t done, bool writes) {
    TENDRIL_ASSERT(!broken_ && (!handshaken_ || (writes ? writing_ : reading_)));
    for (;;) {
        static_cast<void>(SocketAccess::handle(socket_).use(tls_socket));
        forget_errors();
        wire_.error = 0;
        wire_.starved = false;
        const int r = step();
        if (r > 0) [[likely]] {
            return true;
        }
        const int why = SSL_get_error(ssl_.get(), r);
        if (left_.error != nullptr) [[unlikely]] {  // OpenSSL may go on without the key that a callback did not give
            fail_step(why, what, done);
        }
        // Comes first: OpenSSL may report an error of the socket as an end, if the peer's close_notify came before it.
        if (wire_.error != 0 && why != SSL_ERROR_SSL) {
            fail_wire(what, done, writes);
        }
        if (writes && handshaken_ && (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)) {
            refuse_before_first_writer(what);
        }
        switch (why) {
        case SSL_ERROR_WANT_READ:
            if (read_shut_ && !writes) {
                return false;
            }
            if (!wire_.starved) {  // the peer sent records without data: up to a buffer full of key updates
                if (deadline.passed()) {
                    time_out_round(*wire_.descriptor, what, done);
                }
                wire_.descriptor->hub->yield();
                break;
            }
            await_read(what, deadline, done);
            break;
        case SSL_ERROR_WANT_WRITE:
            await_write(what, deadline, done, writes);
            break;
        case SSL_ERROR_ZERO_RETURN:
            return false;
        default:
            fail_step(why, what, done);
        }
    }
}

// Waits for bytes from the peer; if another green thread does so already, until that one has some.
void TlsState::await_read(const char* what, Deadline deadline, std::size_t done) {
    const bool alone = receive_turn_.try_acquire();
    if (!alone) {
        acquire(receive_turn_, *wire_.descriptor, what, deadline, done);
    }
    const Held held(receive_turn_);
    if (alone) {
        await(*wire_.descriptor, Direction::read, what, deadline, done);
    }
}

void TlsState::await_write(const char* what, Deadline deadline, std::size_t done, bool writes) {
    if (writes) {
        await(*wire_.descriptor, Direction::write, what, deadline, done);
        return;
    }
    acquire(write_turn_, *wire_.descriptor, what, deadline, done);
    const Held held(write_turn_);
    const Descriptor& d = SocketAccess::handle(socket_).use(tls_socket);
    if (!d.writable) {  // else the writer has made progress meanwhile
        await(*wire_.descriptor, Direction::write, what, deadline, done);
    }
}

void TlsState::fail_wire(const char* what, std::size_t done, bool writes) {
    (writes && handshaken_ ? write_broken_ : broken_) = true;
    ERR_clear_error();
    fail(*wire_.descriptor, -wire_.error, text_of(what, done));
}

void TlsState::fail_step(int why, const char* what, std::size_t done) {
    broken_ = true;
    if (is_ragged_end(why)) {
        wire_.descriptor->gone = wire_.descriptor->generation;
    }
    throw_failure(why, text_of(what, done));
}

void TlsState::handshake(Deadline deadline) {
    enter_call("TLS handshake");
    prepare_handshake(deadline);
}

void TlsState::prepare_handshake(Deadline deadline) {
    if (handshaken_) [[likely]] {
        return;
    }
    acquire(handshake_turn_, *wire_.descriptor, "TLS handshake", deadline, 0);
    const Held held(handshake_turn_);
    if (handshaken_) {
        return;
    }
    check_usable("TLS handshake");
    if (!drive([this] { return SSL_do_handshake(ssl_.get()); }, "TLS handshake", deadline, 0, true)) {
        fail_step(SSL_ERROR_SYSCALL, "TLS handshake", 0);
    }
    broken_ = true;  // unless finish_handshake() accepts its result
    finish_handshake();
    broken_ = false;
}

std::size_t TlsState::read_some(Buffer buffer, const char* what, Deadline deadline, std::size_t done) {
    if (ended_ || read_shut_) {
        return 0;
    }
    if (found_ != nullptr) [[unlikely]] {
        std::rethrow_exception(std::exchange(found_, nullptr));
    }
    check_usable(what);
    std::size_t n = 0;
    if (!drive([&] { return SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &n); }, what, deadline, done,
               false)) {
        ended_ = true;
        return 0;
    }
    return n;
}

std::size_t TlsState::recv(Buffer buffer, Deadline deadline) {
    const ReadTurn turn(*this, "recv");
    prepare_handshake(deadline);
    return buffer.empty() ? 0 : read_some(buffer, "recv", deadline, 0);
}

void TlsState::await_data(Deadline deadline) {
    const ReadTurn turn(*this, "await_data");
    prepare_handshake(deadline);
    if (ended_ || read_shut_ || found_ != nullptr || SSL_has_pending(ssl_.get()) != 0) {
        return;
    }
    acquire(receive_turn_, *wire_.descriptor, "await_data", deadline, 0);
    const Held held(receive_turn_);
    if (SSL_has_pending(ssl_.get()) == 0) {
        socket_.await_data(deadline);
    }
}

std::size_t TlsState::recv_exactly(Buffer buffer, Deadline deadline) {
    const ReadTurn turn(*this, "recv_exactly");
    prepare_handshake(deadline);
    std::size_t done = 0;
    while (done < buffer.size()) {
        const std::size_t n = read_some(buffer.after(done), "recv_exactly", deadline, done);
        if (n == 0) {
            break;
        }
        done += n;
        if (done < buffer.size()) {
            next_round("recv_exactly", deadline, done, false);
        }
    }
    return done;
}

// A writer's turn: no other green thread writes, neither a writer nor a reader that must. Its constructor finishes the
// record that an earlier call began.
class TlsState::WriteTurn {
public:
    WriteTurn(TlsState& state, const char* what, Deadline deadline)
        : turn_((let_others_run(state, what), state.writing_), what), state_(state) {
        if (!state.handshaken_ || state.write_turn_.available() == 0) {
            state.refuse_before_first_writer(what);
        }
        state.prepare_handshake(deadline);
        acquire(state.write_turn_, *state.wire_.descriptor, what, deadline, 0);
        try {
            static_cast<void>(SocketAccess::handle(state.socket_).use(tls_socket));
            state.check_usable(what);
            if (state.notify_sent_) {
                fail(-EPIPE, std::string(what) + " after the end of the stream was sent");
            }
            if (state.write_broken_) {
                fail(-EPIPE, std::string(what) + " after sending has failed on this TLS socket");
            }
            state.finish_record(what, deadline);
        } catch (...) {
            state.write_turn_.release();
            throw;
        }
    }
    WriteTurn(const WriteTurn&) = delete;
    WriteTurn& operator=(const WriteTurn&) = delete;
    ~WriteTurn() { state_.write_turn_.release(); }

private:
    // Yields when it is due. Another writer may send meanwhile, but may neither wait nor yield, or it would get ahead
    // of this one.
    static void let_others_run(TlsState& state, const char* what) {
        if (state.writing_) {  // nor may this one get ahead of the current writer
            refuse_second(what);
        }
        const bool claimed = !std::exchange(state.next_writes_, true);
        const OnExit given_back([&] {
            if (claimed) {
                state.next_writes_ = false;
            }
        });
        state.enter_call(what);
    }

    Turn turn_;
    TlsState& state_;
};

void TlsState::finish_record(const char* what, Deadline deadline) {
    while (!unfinished_.empty())
        [[unlikely]] {
            std::size_t n = 0;
            drive([&] { return SSL_write_ex(ssl_.get(), unfinished_.data(), unfinished_.size(), &n); }, what, deadline,
                  0, true);
            unfinished_.erase(0, n);
        }
}

// Writes one whole record, of at most most_in_record bytes. `done`: the bytes sent before, for errors.
std::size_t TlsState::write_record(Bytes record, const char* what, Deadline deadline, std::size_t done) {
    std::size_t n = 0;
    bool begun = false;
    try {
        drive(
            [&] {
                const int r = SSL_write_ex(ssl_.get(), record.data(), record.size(), &n);
                begun = begun || (r <= 0 && SSL_in_init(ssl_.get()) == 0);  // else a handshake goes on first
                return r;
            },
            what, deadline, done + record.size(), true);
    } catch (...) {
        if (begun && !broken_ && !write_broken_) {
            broken_ = SSL_get_wbio(ssl_.get()) != nullptr && BIO_get_ktls_send(SSL_get_wbio(ssl_.get()));
            if (!broken_) {
                broken_ = true;  // unless there is memory for unfinished_
                unfinished_.assign(reinterpret_cast<const char*>(record.data()), record.size());
                broken_ = false;
                note_kept(record.size());
            }
        }
        throw;
    }
    return n;
}

std::size_t TlsState::send(Bytes bytes, Deadline deadline) {
    const WriteTurn turn(*this, "send", deadline);
    return bytes.empty() ? 0
                         : write_record({bytes.data(), std::min(bytes.size(), most_in_record)}, "send", deadline, 0);
}

void TlsState::send_all(Bytes bytes, Deadline deadline) {
    const WriteTurn turn(*this, "send_all", deadline);
    for (std::size_t done = 0; done < bytes.size();) {
        const Bytes rest = bytes.after(done);
        done += write_record({rest.data(), std::min(rest.size(), most_in_record)}, "send_all", deadline, done);
        if (done < bytes.size()) {
            next_round("send_all", deadline, done, true);
        }
    }
}

// Puts small parts together into records.
void TlsState::send_parts(std::span<const Bytes> parts, Deadline deadline) {
    const WriteTurn turn(*this, "send_parts", deadline);
    std::unique_ptr<std::byte[]> together;
    std::size_t filled = 0;
    std::size_t done = 0;
    const auto flush = [&] {
        if (done > 0 && filled > 0) {
            next_round("send_parts", deadline, done, true);
        }
        for (std::size_t at = 0; at < filled;) {
            at += write_record({together.get() + at, filled - at}, "send_parts", deadline, done + at);
        }
        done += std::exchange(filled, 0);
    };
    for (Bytes rest : parts) {
        while (!rest.empty()) {
            const std::size_t n = std::min(rest.size(), most_in_record - filled);
            if (n == most_in_record || (parts.size() == 1 && filled == 0)) {
                if (done > 0) {
                    next_round("send_parts", deadline, done, true);
                }
                const std::size_t sent = write_record({rest.data(), n}, "send_parts", deadline, done);
                done += sent;
                rest = rest.after(sent);
                continue;
            }
            if (together == nullptr) {
                together = std::make_unique_for_overwrite<std::byte[]>(most_in_record);
            }
            std::memcpy(together.get() + filled, rest.data(), n);
            filled += n;
            rest = rest.after(n);
            if (filled == most_in_record) {
                flush();
            }
        }
    }
    flush();
}

void TlsState::end_writing(const char* what, Deadline deadline) {
    const WriteTurn turn(*this, what, deadline);
    drive(
        [this] {
            const int r = SSL_shutdown(ssl_.get());
            return r == 0 ? 1 : r;  // 0: our end record is sent, and the peer's has not come; that is enough
        },
        what, deadline, 0, true);
    notify_sent_ = true;
}

void TlsState::shutdown(Shutdown how, Deadline deadline) {
    enter_call("shutdown");
    if (how != Shutdown::write) {
        read_shut_ = true;
        if (wire_.descriptor->reader != nullptr) {
            wire_.descriptor->reader->resolve(Outcome::signalled);
        }
        Descriptors::notify(*wire_.descriptor, events::read);
    }
    if (how != Shutdown::read && !notify_sent_) {
        end_writing("shutdown", deadline);
    }
}

void TlsState::request_certificate(Deadline deadline) {
    const WriteTurn turn(*this, "request_certificate", deadline);
    prepare_request();
    drive([this] { return SSL_do_handshake(ssl_.get()); }, "request_certificate", deadline, 0, true);
}

TcpSocket TlsState::unwrap(Deadline deadline) {
    const ReadTurn turn(*this, "unwrap");
    prepare_handshake(deadline);
    SSL_set_read_ahead(ssl_.get(), 0);  // what follows the peer's end record is not TLS
    if (!notify_sent_) {
        end_writing("unwrap", deadline);
    }
    if (!ended_) {
        std::byte byte;
        if (read_some({&byte, 1}, "unwrap", deadline, 0) > 0) {
            broken_ = true;
            throw TlsError(std::error_code(SSL_R_APPLICATION_DATA_AFTER_CLOSE_NOTIFY, tls_category()),
                           "unwrap: the peer sent data that was not read; recv() to its end first");
        }
    }
    check_usable("unwrap");
    if (SSL_has_pending(ssl_.get()) != 0) {  // an earlier recv() has read past the peer's end record
        broken_ = true;
        throw TlsError(std::error_code(SSL_R_PROTOCOL_IS_SHUTDOWN, tls_category()),
                       "unwrap: bytes that follow the end of TLS were read with it");
    }
    return std::move(socket_);
}

std::size_t TlsState::try_send(Bytes bytes) noexcept {
    if (!socket_.is_open() || !handshaken_ || broken_ || write_broken_ || notify_sent_ || writing_ ||
        write_turn_.available() == 0 || !unfinished_.empty() || bytes.size() > most_in_record) {
        return 0;
    }
    forget_errors();
    std::size_t n = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n) != 1) {
        ERR_clear_error();
        broken_ = true;  // half a record was sent, and its owner closes
        return 0;
    }
    return n;
}

void TlsState::close() noexcept {
    Handle& handle = SocketAccess::handle(socket_);
    const bool ours = generation_ == fork_generation();  // else our close_notify would end the parent's session
    if (ours && handle.fd() >= 0 && handshaken_ && !broken_ && !write_broken_ && !notify_sent_ && unfinished_.empty() &&
        !writing_) {
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    socket_.close();
}

}  // namespace detail
}  // namespace tendril
