// SPDX-License-Identifier: MIT
//
// BrokerStream: a broker that is a function, for tests of every interleaving: what the writer of a connection sends is
// answered at once, and the reader gets it in any order with everything else. BrokerScene: a connection to one, with an
// open channel.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tendril/amqp/connection.hpp>
#include <tendril/stream.hpp>

#include "amqp/protocol/frame_reader.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"
#include "memory_stream.hpp"

namespace tendril::amqp::testing {

namespace method = amqp::detail::method;
using amqp::detail::Frame;
using amqp::detail::FrameType;

template <class M>
bool is_method(const Frame& frame) {
    return frame.type == FrameType::method && amqp::detail::method_id(frame.payload) == M::info.id;
}

// The client's end of a wire to a broker that answers each frame as it is sent. What a login and the opening of channel
// 1 want to hear is there from the beginning.
class BrokerStream final : public Stream {
public:
    using Answer = std::function<void(const Frame&, BrokerStream& broker)>;

    explicit BrokerStream(Answer answer) : answer_(std::move(answer)) {
        say(0, method::ConnectionStart{.version_minor = 9, .mechanisms = "PLAIN", .locales = "en_US"});
        say(0, method::ConnectionTune{10, 8192, 0});
        say(0, method::ConnectionOpenOk{});
        say(1, method::ChannelOpenOk{});
    }

    template <class M>
    void say(std::uint16_t channel, const M& m) {
        std::string out;
        amqp::detail::append_method(out, channel, m);
        peer_->send_all(out);
    }
    template <class M>
    void say(std::uint16_t channel, const M& m, const Message& content) {
        std::string out;
        amqp::detail::append_content(out, channel, m, content.properties, content.body, 8192);
        peer_->send_all(out);
    }
    void hang_up() noexcept { peer_->close(); }
    void read_no_more() noexcept { reads_ = false; }  // it takes all, and answers nothing

    std::size_t recv(Buffer buffer, Deadline deadline = never) override { return client_->recv(buffer, deadline); }
    std::size_t send(Bytes bytes, Deadline /*deadline*/ = never) override {
        if (!peer_->is_open() || !client_->is_open()) {
            throw std::system_error(std::make_error_code(std::errc::broken_pipe), "send");
        }
        std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (!begun_) {
            begun_ = true;
            text.remove_prefix(amqp::detail::protocol_header.size());
        }
        while (reads_ && !text.empty()) {
            const std::span<char> room = frames_.room();
            const std::size_t n = text.copy(room.data(), room.size());
            frames_.filled(n);
            text.remove_prefix(n);
            while (const std::optional<Frame> frame = frames_.next()) {
                answer(*frame);
            }
        }
        return bytes.size();
    }
    void await_data(Deadline deadline = never) override { client_->await_data(deadline); }
    void shutdown(Shutdown how, Deadline deadline = never) override { client_->shutdown(how, deadline); }
    void close() noexcept override { client_->close(); }
    bool is_open() const noexcept override { return client_->is_open(); }
    int fd() const noexcept override { return -1; }

private:
    using MemoryStream = tendril::testing::MemoryStream;

    void answer(const Frame& frame) {
        if (frame.channel == 0) {
            if (is_method<method::ConnectionClose>(frame)) {
                say(0, method::ConnectionCloseOk{});
            }
        } else if (!is_method<method::ChannelOpen>(frame)) {
            answer_(frame, *this);
        } else if (frame.channel != 1) {
            say(frame.channel, method::ChannelOpenOk{});
        }
    }

    std::pair<std::shared_ptr<MemoryStream>, std::shared_ptr<MemoryStream>> ends_ = MemoryStream::pair();
    std::shared_ptr<MemoryStream> client_ = ends_.first;
    std::shared_ptr<MemoryStream> peer_ = ends_.second;
    Answer answer_;
    amqp::detail::FrameReader frames_;
    bool begun_ = false;
    bool reads_ = true;
};

// A connection with one open channel.
struct BrokerScene {
    explicit BrokerScene(BrokerStream::Answer answer)
        : broker(std::make_shared<BrokerStream>(std::move(answer))),
          connection(connect_over(broker, "amqp://localhost", {.heartbeat = std::chrono::seconds(0)})),
          channel(connection.open_channel()) {}
    // The connection's green threads are ready then, and end at their next turn.
    void end() { connection.close(); }

    std::shared_ptr<BrokerStream> broker;
    Connection connection;
    Channel channel;
};

}  // namespace tendril::amqp::testing
