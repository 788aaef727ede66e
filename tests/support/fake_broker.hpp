// SPDX-License-Identifier: MIT
//
// FakeBroker: a broker by script, in the process of the test; FakePeer: its end of one connection, which speaks the
// other direction of the same codec.
//
//     FakeBroker broker;
//     auto script = spawn([&] {
//         FakePeer peer = broker.accept();          logs in
//         peer.open_channel(1);
//         peer.expect<method::QueueDeclare>(1);
//         peer.send(1, method::QueueDeclareOk{.queue = "work"});
//         peer.close_connection();
//     });
//     Connection connection = connect(broker.url());
//     ...
//     script.get();                                 rethrows what the script did not expect
//
// Every byte that comes is checked: frames are whole, methods decode, and nothing comes that the script does not take.
// Heartbeats are passed over and counted.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/amqp/message.hpp>
#include <tendril/deadline.hpp>
#include <tendril/socket.hpp>
#include <tendril/stream.hpp>

#include "amqp/protocol/content_reader.hpp"
#include "amqp/protocol/frame_reader.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"

namespace tendril::amqp::testing {

namespace method = amqp::detail::method;
using amqp::detail::Frame;
using amqp::detail::FrameType;

// What the broker offers in its tune.
struct FakeTerms {
    std::uint16_t channel_max = 2047;
    std::uint32_t frame_max = 128 * 1024;
    std::uint16_t heartbeat = 0;  // seconds; 0: whatever the client wants
};

struct Published {
    std::string exchange;
    std::string routing_key;
    bool mandatory = false;
    Message message;
};

class FakePeer {
public:
    explicit FakePeer(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}

    // ---- The login

    void take_protocol_header() {
        std::string header(8, '\0');
        if (stream_->recv_exactly(header) != 8 || header != amqp::detail::protocol_header) {
            throw std::runtime_error("the client did not begin with the header of AMQP 0-9-1");
        }
    }
    void send_start(const Table& properties = {{"product", "FakeBroker"}}) {
        send(0, method::ConnectionStart{.version_major = 0,
                                        .version_minor = 9,
                                        .server_properties = properties,
                                        .mechanisms = "PLAIN AMQPLAIN EXTERNAL",
                                        .locales = "en_US"});
    }
    void log_in(const FakeTerms& terms = {}) {
        take_protocol_header();
        send_start();
        expect<method::ConnectionStartOk>(0);
        send(0, method::ConnectionTune{terms.channel_max, terms.frame_max, terms.heartbeat});
        frame_max_ = expect<method::ConnectionTuneOk>(0).frame_max;
        frames_.set_frame_max(frame_max_);
        expect<method::ConnectionOpen>(0);
        send(0, method::ConnectionOpenOk{});
    }

    // ---- What comes. Texts are views of the frame, valid until the next call

    // The next frame must be an M on this channel.
    template <class M>
    M expect(std::uint16_t channel) {
        const Frame frame = next(M::info.name);
        if (frame.type != FrameType::method || frame.channel != channel) {
            refuse(M::info.name, channel, frame);
        }
        if (!(amqp::detail::method_id(frame.payload) == M::info.id)) {
            refuse(M::info.name, channel, frame);
        }
        return amqp::detail::decode_method<M>(frame.payload);
    }
    // A basic.publish with its content.
    Published expect_publish(std::uint16_t channel) {
        const auto publish = expect<method::BasicPublish>(channel);
        Published published{std::string(publish.exchange), std::string(publish.routing_key), publish.mandatory, {}};
        amqp::detail::ContentReader content(SIZE_MAX);
        content.begin(published.message);
        for (;;) {
            const Frame frame = next("content");
            if (frame.channel != channel) {
                refuse("content", channel, frame);
            }
            if (content.feed(frame)) {
                return published;
            }
        }
    }
    // The connection must end, with or without a connection.close before it.
    void expect_end() {
        while (const std::optional<Frame> frame = try_next()) {
            if (frame->type != FrameType::method ||
                !(amqp::detail::method_id(frame->payload) == method::ConnectionClose::info.id)) {
                refuse("the end", 0, *frame);
            }
        }
    }
    // The next frame must be a heartbeat.
    void expect_heartbeat() {
        const std::size_t before = heartbeats_;
        while (heartbeats_ == before) {
            if (const std::optional<Frame> frame = frames_.next()) {
                if (frame->type != FrameType::heartbeat) {
                    refuse("a heartbeat", 0, *frame);
                }
                ++heartbeats_;
            } else if (!read()) {
                throw std::runtime_error("the client ended the connection where a heartbeat was expected");
            }
        }
    }
    std::size_t heartbeats() const noexcept { return heartbeats_; }

    // ---- What it says

    template <class M>
    void send(std::uint16_t channel, const M& m) {
        std::string out;
        amqp::detail::append_method(out, channel, m, frame_max_);
        stream_->send_all(out);
    }
    template <class M>
    void send(std::uint16_t channel, const M& m, const Message& content) {
        std::string out;
        amqp::detail::append_content(out, channel, m, content.properties, content.body, frame_max_);
        stream_->send_all(out);
    }
    void send_heartbeat() {
        std::string out;
        amqp::detail::append_heartbeat(out);
        stream_->send_all(out);
    }
    void send_raw(std::string_view bytes) { stream_->send_all(bytes); }
    void deliver(std::uint16_t channel, std::string_view consumer, std::uint64_t tag, const Message& message,
                 bool redelivered = false) {
        send(channel, method::BasicDeliver{consumer, tag, redelivered, "", "key"}, message);
    }

    // ---- Both, for what every script needs

    void open_channel(std::uint16_t channel) {
        expect<method::ChannelOpen>(channel);
        send(channel, method::ChannelOpenOk{});
    }
    void close_channel(std::uint16_t channel) {
        expect<method::ChannelClose>(channel);
        send(channel, method::ChannelCloseOk{});
    }
    void refuse_channel(std::uint16_t channel, std::uint16_t code, std::string_view text) {
        send(channel, method::ChannelClose{code, text, 0, 0});
        expect<method::ChannelCloseOk>(channel);
    }
    // basic.qos and basic.consume. Returns: the consumer's tag.
    std::string take_consumer(std::uint16_t channel) {
        expect<method::BasicQos>(channel);
        send(channel, method::BasicQosOk{});
        std::string tag(expect<method::BasicConsume>(channel).consumer_tag);
        send(channel, method::BasicConsumeOk{tag});
        return tag;
    }
    void select_confirms(std::uint16_t channel) {
        expect<method::ConfirmSelect>(channel);
        send(channel, method::ConfirmSelectOk{});
    }
    // The client's close() or destructor.
    void close_connection() {
        expect<method::ConnectionClose>(0);
        try {
            send(0, method::ConnectionCloseOk{});
        } catch (const std::system_error&) {  // a destructor does not wait for it
        }
        if (const std::optional<Frame> frame = try_next()) {
            refuse("the end", 0, *frame);
        }
    }

    // Ends it without a word, by FIN or, with a socket, by RST.
    void hang_up() { stream_->close(); }
    void reset() {
        if (auto* socket = dynamic_cast<TcpSocket*>(stream_.get())) {
            socket->set(option::linger, std::chrono::seconds(0));
        }
        stream_->close();
    }
    Stream& stream() noexcept { return *stream_; }

private:
    // Returns: nothing at the end of the stream.
    std::optional<Frame> try_next() {
        for (;;) {
            while (const std::optional<Frame> frame = frames_.next()) {
                if (frame->type != FrameType::heartbeat) {
                    return frame;
                }
                ++heartbeats_;
            }
            if (!read()) {
                return std::nullopt;
            }
        }
    }
    // Returns: false at the end of the stream.
    bool read() {
        std::size_t n = 0;
        try {
            n = stream_->recv(frames_.room());
        } catch (const std::system_error&) {  // reset
        }
        if (n == 0 && !frames_.empty()) {
            throw std::runtime_error("the client cut a frame");
        }
        frames_.filled(n);
        return n > 0;
    }
    Frame next(std::string_view expected) {
        if (const std::optional<Frame> frame = try_next()) {
            return *frame;
        }
        throw std::runtime_error("the client ended the connection where " + std::string(expected) + " was expected");
    }
    [[noreturn]] static void refuse(std::string_view expected, std::uint16_t channel, const Frame& frame) {
        std::string what = "content";
        if (frame.type == FrameType::method) {
            const auto* info = amqp::detail::method_info(amqp::detail::method_id(frame.payload));
            what = info != nullptr ? std::string(info->name) : "an unknown method";
        }
        throw std::runtime_error("the client sent " + what + " on channel " + std::to_string(frame.channel) +
                                 " where " + std::string(expected) + " on channel " + std::to_string(channel) +
                                 " was expected");
    }

    std::shared_ptr<Stream> stream_;
    amqp::detail::FrameReader frames_;
    std::uint32_t frame_max_ = amqp::detail::frame_before_tune;
    std::size_t heartbeats_ = 0;
};

class FakeBroker {
public:
    std::string url(std::string_view rest = "") const {
        return "amqp://127.0.0.1:" + std::to_string(listener_.address().port()) + std::string(rest);
    }
    FakePeer accept_silently() { return FakePeer(std::make_shared<TcpSocket>(listener_.accept())); }
    FakePeer accept(const FakeTerms& terms = {}) {
        FakePeer peer = accept_silently();
        peer.log_in(terms);
        return peer;
    }
    void close() { listener_.close(); }

private:
    Listener listener_ = listen("127.0.0.1:0");
};

}  // namespace tendril::amqp::testing
