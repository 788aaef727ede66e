// SPDX-License-Identifier: MIT
//
// TlsStreamState: a TLS connection over a Stream. OpenSSL reads and writes memory only (TlsMemory); between its calls
// the running green thread waits in the Stream's recv() and send(), which either move bytes or throw and move none.
//
// 1. Calls hold a reference, so that a close() by another green thread frees nothing under a waiting one.
// 2. One green thread reads and one writes at a time. Only the holder of write_turn_ sends on the Stream, and only the
//    holder of receive_turn_ receives: the reader, the handshake's green thread, or a writer that must have the rest of
//    the peer's answer to request_certificate() first.
// 3. Encrypted bytes leave in their order, each once: `sending_` is what the Stream is given, and does not move while
//    it is; what OpenSSL makes meanwhile waits in memory_.out. An interrupt leaves both as they are.
// 4. Once `broken_`, nothing is read or written any more. Once `write_broken_`, what the peer had sent can still be
//    read.

#pragma once

#include <memory>
#include <string>

#include <tendril/semaphore.hpp>
#include <tendril/tls.hpp>
#include <tendril/tls_stream.hpp>

#include "base/at_fork.hpp"
#include "net/tls_link.hpp"
#include "net/tls_memory.hpp"

namespace tendril::detail {

// Releases a turn that was acquired.
class HeldTurn {
public:
    explicit HeldTurn(Semaphore& turn) noexcept : turn_(turn) {}
    HeldTurn(const HeldTurn&) = delete;
    HeldTurn& operator=(const HeldTurn&) = delete;
    ~HeldTurn() { turn_.release(); }

private:
    Semaphore& turn_;
};

class TlsStreamState final : public TlsLink {
public:
    TlsStreamState(std::shared_ptr<Stream> stream, const TlsContext& context, const WrapOptions& options);

    static TlsStream stream_of(std::shared_ptr<TlsStreamState> state) noexcept { return TlsStream(std::move(state)); }
    static TlsStreamState* of(TlsStream& stream) noexcept { return stream.state_.get(); }

    void handshake(Deadline deadline);
    std::size_t recv(Buffer buffer, Deadline deadline);
    void await_data(Deadline deadline);
    std::size_t send(Bytes bytes, Deadline deadline);
    void send_all(Bytes bytes, Deadline deadline);
    void send_parts(std::span<const Bytes> parts, Deadline deadline);
    void shutdown(Shutdown how, Deadline deadline);
    void request_certificate(Deadline deadline);
    TlsStream::Unwrapped unwrap(Deadline deadline);
    void close() noexcept;

    // Sends what goes without waiting. Returns: whether all did.
    bool try_send(Bytes bytes);

    bool is_open() const noexcept { return !closed_ && stream_->is_open(); }
    int fd() const noexcept { return closed_ ? -1 : stream_->fd(); }

private:
    class Turn;       // to read or to write
    class WriteTurn;  // a writer's

    // In tls_stream_state.cpp
    void enter_call();
    void check_open() const;
    void check_usable(const char* what) const;
    void prepare_handshake(Deadline deadline);
    template <class Step>
    bool drive(Step step, const char* what, Deadline deadline, std::size_t done, bool writes);
    [[noreturn]] void fail_step(int why, const char* what, std::size_t done);
    std::size_t read_some(Buffer buffer, const char* what, Deadline deadline);
    std::size_t write_record(Bytes record, const char* what, Deadline deadline, std::size_t done);
    void write_all(Bytes bytes, const char* what, Deadline deadline, std::size_t done);
    void next_round(const char* what, Deadline deadline, std::size_t done);
    void end_writing(const char* what, Deadline deadline);

    // In tls_stream_carry.cpp
    static void acquire(Semaphore& turn, const char* what, Deadline deadline, std::size_t done);
    void fill(const char* what, Deadline deadline, std::size_t done);
    void flush(const char* what, Deadline deadline, std::size_t done);
    void flush_answers(const char* what, Deadline deadline, std::size_t done, bool wait);
    bool try_flush();
    void send_alert();
    bool has_output() const noexcept { return !memory_.out.empty() || sent_ < sending_.size(); }

    const std::shared_ptr<Stream> stream_;
    TlsMemory memory_;
    std::string sending_;
    std::size_t sent_ = 0;  // of sending_
    bool closed_ = false;
    bool ended_ = false;        // the peer's stream has ended
    bool read_shut_ = false;    // by shutdown()
    bool notify_sent_ = false;  // close_notify, our end record
    bool broken_ = false;
    bool write_broken_ = false;
    bool reading_ = false;
    bool writing_ = false;
    const std::uint64_t owner_;
    const std::uint64_t generation_ = fork_generation();  // in the child of a fork() the session is the parent's
    Semaphore handshake_turn_{1};
    Semaphore write_turn_{1};
    Semaphore receive_turn_{1};
};

}  // namespace tendril::detail
