// SPDX-License-Identifier: MIT
//
// TlsState: a TLS connection. No green thread waits inside OpenSSL: its functions say what they need, and return; the
// green thread then waits, and calls again.
//
// 1. Calls hold a reference, so that a close() by another green thread frees nothing under a waiting one.
// 2. One green thread reads and one writes at a time; `reading_` and `writing_` say so. The one exception is a reader
//    that must write (a key update) while a writer waits: it takes its turn. And a writer that must read, because a
//    part of the peer's answer to request_certificate() has come: `receive_turn_` says which of them waits for bytes.
// 3. A record that was begun must be finished with the same bytes. `unfinished_` holds those of a send that was broken
//    off; they are sent before anything else.
// 4. Once `broken_`, nothing is read or written any more: what came before an error may not be whole. Once
//    `write_broken_`, because the peer takes nothing any more, what it had sent before can still be read.

#pragma once

#include <openssl/ssl.h>

#include <exception>
#include <memory>
#include <string>

#include <tendril/semaphore.hpp>
#include <tendril/tls.hpp>

#include "base/at_fork.hpp"
#include "net/tls_bio.hpp"
#include "net/tls_link.hpp"

namespace tendril::detail {

inline constexpr const char* tls_socket = "a TLS socket";  // in errors

class TlsState final : public TlsLink {
public:
    TlsState(TcpSocket socket, const TlsContext& context, const WrapOptions& options);
    TlsState(const TlsState&) = delete;
    TlsState& operator=(const TlsState&) = delete;
    ~TlsState() = default;

    static TlsSocket socket_of(std::shared_ptr<TlsState> state) noexcept { return TlsSocket(std::move(state)); }
    static TlsState* of(TlsSocket& socket) noexcept { return socket.state_.get(); }

    void handshake(Deadline deadline);
    std::size_t recv(Buffer buffer, Deadline deadline);
    void await_data(Deadline deadline);
    std::size_t recv_exactly(Buffer buffer, Deadline deadline);
    std::size_t send(Bytes bytes, Deadline deadline);
    void send_all(Bytes bytes, Deadline deadline);
    void send_parts(std::span<const Bytes> parts, Deadline deadline);
    void shutdown(Shutdown how, Deadline deadline);
    void request_certificate(Deadline deadline);
    TcpSocket unwrap(Deadline deadline);
    void close() noexcept;

    // Sends a small piece without waiting, for a TLS stream over this one that closes. Returns: its size if it was
    // taken; 0 if it would have to wait, or sending is over.
    std::size_t try_send(Bytes bytes) noexcept;

    // In tls_ready.cpp, as Handle's: whether recv() would return without waiting, and the observer to notify when it
    // would. observe() keeps `self` while it watches.
    bool ready();
    static void observe(const std::shared_ptr<TlsState>& self, Observer& observer);

    const TcpSocket& socket() const noexcept { return socket_; }

private:
    class Turn;       // to read or to write
    class ReadTurn;   // a reader's
    class WriteTurn;  // a writer's; unwrap() takes it too

    void enter_call(const char* what);
    void prepare_handshake(Deadline deadline);
    template <class Step>
    bool drive(Step step, const char* what, Deadline deadline, std::size_t done, bool writes);
    void await_read(const char* what, Deadline deadline, std::size_t done);
    void await_write(const char* what, Deadline deadline, std::size_t done, bool writes);
    [[noreturn]] void fail_step(int why, const char* what, std::size_t done);
    [[noreturn]] void fail_wire(const char* what, std::size_t done, bool writes);
    std::size_t read_some(Buffer buffer, const char* what, Deadline deadline, std::size_t done);
    std::size_t write_record(Bytes record, const char* what, Deadline deadline, std::size_t done);
    void finish_record(const char* what, Deadline deadline);
    void end_writing(const char* what, Deadline deadline);
    void next_round(const char* what, Deadline deadline, std::size_t done, bool writes);
    void refuse_before_first_writer(const char* what) const;
    bool peek();
    void check_usable(const char* what) const;

    TlsWire wire_;
    TcpSocket socket_;
    bool ended_ = false;        // the peer's stream has ended
    bool read_shut_ = false;    // by shutdown()
    bool notify_sent_ = false;  // close_notify, our end record
    bool broken_ = false;
    bool write_broken_ = false;
    const std::uint64_t generation_ = fork_generation();  // in the child of a fork() the session is the parent's
    bool reading_ = false;
    bool writing_ = false;
    bool next_writes_ = false;  // a green thread has called send(), and lets others run first
    std::exception_ptr found_;  // what ready() found: the next call that reads throws it
    std::string unfinished_;
    Semaphore handshake_turn_{1};
    Semaphore write_turn_{1};
    Semaphore receive_turn_{1};
};

}  // namespace tendril::detail
