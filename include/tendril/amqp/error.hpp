// SPDX-License-Identifier: MIT
// Floor: amqp
//
// What goes wrong with a broker, by what the caller can do about it:
//
//   ConnectionError, ChannelError   the broker refused, with a code and a text of its own; the connection, or only the
//                                   channel, has ended by it. NotFound and the like are ChannelErrors with a name.
//   ConnectionLost                  it went without a word: the wire broke, the broker was silent, or somebody closed
//   ProtocolError                   the peer does not speak AMQP 0-9-1, or breaks it
//   Nacked, Unroutable, Unconfirmed of one message: refused; returned; and: nobody knows whether the broker has it
//   ConsumerCancelled               of one consumer: the broker ended it, mostly because its queue was deleted
//
// TimeoutError and Interrupt (tendril/error.hpp) are as everywhere: the call did nothing. Where a message may be with
// the broker already, a deadline is an Unconfirmed instead.

#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace tendril::amqp {

// What the broker said when it closed the connection or a channel.
class Error : public std::runtime_error {
public:
    // method: the name of what the broker said it about: "queue.declare"; empty when it named none.
    Error(std::string_view doing, int code, std::string text, std::string method);

    int code() const noexcept { return code_; }                     // 404; amqp0-9-1 "reply-code"; 0: it hung up
    const std::string& text() const noexcept { return text_; }      // "NOT_FOUND - no queue 'a' in vhost '/'"
    const std::string& method() const noexcept { return method_; }  // "queue.declare"

private:
    int code_;
    std::string text_;
    std::string method_;
};

class ConnectionError : public Error {  // 320, 501, 504, 530 and so on: the connection has ended
public:
    using Error::Error;
};
// The login was refused; nobody tries again. Also by a broker that hung up on it, unless that is one that announces
// "authentication_failure_close", as RabbitMQ does. It may have died instead: code() is 0 then, and a Client that was
// connected before tries again.
class AuthError : public ConnectionError {
public:
    using ConnectionError::ConnectionError;
};

class ChannelError : public Error {  // the channel has ended; the connection's others go on
public:
    using Error::Error;
};
class NotFound : public ChannelError {  // 404
public:
    using ChannelError::ChannelError;
};
class AccessRefused : public ChannelError {  // 403
public:
    using ChannelError::ChannelError;
};
class ResourceLocked : public ChannelError {  // 405: another connection's exclusive queue
public:
    using ChannelError::ChannelError;
};
class PreconditionFailed : public ChannelError {  // 406: declared differently before
public:
    using ChannelError::ChannelError;
};

// The connection ended without a word of the broker's, or by a close() of another green thread. code() is the system's
// (ECONNRESET, EPIPE, ...), std::errc::timed_out for a silent broker, std::errc::not_connected after a close().
class ConnectionLost : public std::system_error {
public:
    using std::system_error::system_error;
};

// The peer broke the protocol; the connection has ended.
class ProtocolError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The broker refused to take over a message: a queue is full and rejects, or it could not store it.
class Nacked : public std::runtime_error {
public:
    Nacked();
};

// No queue wanted a mandatory message; the broker sent it back. code() is 312, with the broker's text.
class Unroutable : public std::runtime_error {
public:
    // For the library: the broker's code and words, and where the message was to go.
    Unroutable(int code, std::string text, std::string exchange, std::string routing_key);

    int code() const noexcept { return code_; }                         // the broker's number, such as 312 for NO_ROUTE
    const std::string& exchange() const noexcept { return exchange_; }  // where the message was published to
    const std::string& routing_key() const noexcept { return routing_key_; }  // with which routing key

private:
    int code_;
    std::string exchange_;
    std::string routing_key_;
};

// A message was sent, and nobody knows whether the broker took it over: it may have been delivered.
class Unconfirmed : public std::runtime_error {
public:
    // Why it is unknown, or not so.
    enum class Reason : std::uint8_t {
        deadline,  // the caller's, while it waited; the message is still under way, and may be confirmed later
        lost,      // the connection or the channel ended, and the message is not sent again
        closed,    // by a close() of ours
    };
    explicit Unconfirmed(Reason reason);  // for the library

    Reason reason() const noexcept { return reason_; }  // why

private:
    Reason reason_;
};

// The broker has ended a consumer, such as by deleting its queue.
class ConsumerCancelled : public std::runtime_error {
public:
    explicit ConsumerCancelled(std::string_view queue);  // for the library
};

// A message that the receiver's types do not fit: Queue<T>, Task.
class DecodeError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace tendril::amqp
