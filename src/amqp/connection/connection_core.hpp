// SPDX-License-Identifier: MIT
//
// ConnectionCore: one connection to a broker, from the login to its end. A Connection and everything made by it share
// it. For the library; belongs to the OS thread of the hub that made it.
//
//   1. Only the reader and the writer, two green threads of its own, touch the stream. Everybody else appends whole
//      frames to the outgoing buffer, which never waits, and wakes the writer.
//   2. end() is the one place that ends everything, once: it settles every call, sink, listener and waiter. After it
//      nothing is appended, and error() says why.
//   3. A channel is in the table from the moment its number is taken until close-ok came or was sent; so a number is
//      not used again while frames for its old channel may come.
//   4. Unsent bytes that publishers appended are fewer than send_buffer and one message. Acks, calls and heartbeats do
//      not wait for room.
//   5. A publisher appends only while it has the Turn, or nobody waits for it; so publishers append in the order in
//      which they came.
//   6. What the reader calls (sinks, listeners) does not wait and does not throw, except std::bad_alloc, which ends the
//      connection.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include <tendril/amqp/connection.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>

namespace tendril::amqp::detail {

class ChannelCore;
class FrameReader;
struct Agreement;
struct ConnectionParts;
struct Frame;

// Notified of what happens to a connection, by its reader or its heartbeat. Unlinks itself when it is destroyed.
class ConnectionListener : public tendril::detail::ListNode {
public:
    virtual void blocked(std::string_view reason) noexcept = 0;  // the broker takes no messages
    virtual void unblocked() noexcept = 0;
    virtual void ended(const std::exception_ptr& why) noexcept = 0;  // once; it is out of the list by then

protected:
    ~ConnectionListener() = default;
};

class ConnectionCore : public std::enable_shared_from_this<ConnectionCore> {
public:
    // The right to append one message. Passes the turn on to the next publisher when it is destroyed.
    class Turn {
    public:
        explicit Turn(std::shared_ptr<ConnectionCore> core) noexcept : core_(std::move(core)) {}
        Turn(Turn&&) noexcept = default;
        Turn& operator=(Turn&&) = delete;
        ~Turn();

    private:
        std::shared_ptr<ConnectionCore> core_;  // null: it did not have to wait, or was moved from
    };

    // Logs in over the stream, which is connected. Throws: as amqp::connect().
    static std::shared_ptr<ConnectionCore> login(std::shared_ptr<Stream> stream, const Url& url,
                                                 const ConnectionOptions& options, Deadline deadline);
    ConnectionCore(const ConnectionCore&) = delete;
    ConnectionCore& operator=(const ConnectionCore&) = delete;
    ~ConnectionCore();  // Requires: it has ended

    // Opens a channel. Waits for the broker, and for a number while channel_max are open. Throws: as
    // Connection::open_channel().
    std::shared_ptr<ChannelCore> open_channel(Deadline deadline);

    // As Connection's.
    void close(Deadline deadline);
    void update_secret(std::string_view secret, std::string_view reason, Deadline deadline);

    // Ends it without waiting: says goodbye if the socket takes it at once, then closes the stream. Everything is
    // settled when this returns; the two green threads end at their next turn. Idempotent.
    void drop() noexcept;

    // Ends it: see 2. Closes the stream. Does nothing after the first time.
    void end(const std::exception_ptr& why) noexcept;

    // Waits until there is room in the send buffer and the broker takes messages, in line. When there is, it yields if
    // it is the others' turn. Throws: what ended the connection; TimeoutError; Interrupt; then nothing has changed.
    [[nodiscard]] Turn wait_for_turn(Deadline deadline);
    // Whether a message may be appended now, without wait_for_turn(). Spends nothing of the hub's budget. Throws:
    // WrongThread.
    bool takes_one_now();
    std::size_t unsent() const noexcept;  // bytes that were appended and that the socket has not taken

    bool is_open() const noexcept;                     // false as soon as close() begins
    const std::exception_ptr& error() const noexcept;  // null: it has not ended
    void check_open() const;                           // Throws: what ended it
    void check_thread();                               // Throws: WrongThread

    bool blocked() const noexcept;
    const std::string& blocked_reason() const noexcept;
    void listen(ConnectionListener& listener) noexcept;  // Requires: it has not ended

    // While anything holds it, the reader reads nothing, except that one that waits for bytes already takes them once.
    // Silence is not taken for the connection's loss. For no_ack consumers with too much unread. Each hold_reading()
    // needs its resume_reading(), except after the end.
    void hold_reading() noexcept;
    void resume_reading() noexcept;

    const Table& server_properties() const noexcept;
    Duration heartbeat() const noexcept;
    std::uint32_t frame_max() const noexcept;
    std::uint16_t channel_max() const noexcept;

    // ---- For this folder: ChannelCore

    ConnectionParts& parts() noexcept { return *parts_; }
    void flush_acks();  // of all channels. Throws: std::bad_alloc; then the rest stays marked

private:
    ConnectionCore(std::shared_ptr<Stream> stream, const ConnectionOptions& options, Agreement agreement);
    void start(FrameReader&& frames);
    void read();
    void read_on();
    void receive(const Frame& frame);
    void on_method(std::string_view payload);
    void write();
    void write_on();
    void let_others_append();
    void say_last_words() noexcept;
    void refuse(const char* breach) noexcept;
    void finish(const std::exception_ptr& why, bool say) noexcept;
    static std::exception_ptr loss(std::string_view call) noexcept;
    template <class F>
    void for_each_listener(F tell) noexcept;

    std::unique_ptr<ConnectionParts> parts_;
};

// Makes the public handles, and finds what is behind them.
struct ConnectionMaker {
    static Connection make(std::shared_ptr<ConnectionCore> core) noexcept { return Connection(std::move(core)); }
    static const std::shared_ptr<ConnectionCore>& core(const Connection& connection) noexcept {
        return connection.core_;
    }
};

}  // namespace tendril::amqp::detail
