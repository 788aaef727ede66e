// SPDX-License-Identifier: MIT
//
// The calls of an AMQP channel, with the reader and writer of its connection, in every order: TQ12 to TQ14, TQ35. The
// broker is a function: what the writer sends is answered at once, and the reader gets it in any order with everything
// else.

#include <tendril/amqp/connection.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>

#include "amqp/protocol/frame_reader.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/wire.hpp"
#include "interleavings.hpp"
#include "memory_stream.hpp"

namespace tendril::amqp {
namespace {

using tendril::testing::explore;
using tendril::testing::MemoryStream;
using tendril::testing::Order;
namespace method = detail::method;

// The client's end of a wire to a broker that answers each frame as it is sent.
class BrokerStream final : public Stream {
public:
    using Answer = std::function<void(const detail::Frame&, BrokerStream& broker)>;

    explicit BrokerStream(Answer answer) : answer_(std::move(answer)) {
        say(0, method::ConnectionStart{.version_minor = 9, .mechanisms = "PLAIN", .locales = "en_US"});
        say(0, method::ConnectionTune{10, 8192, 0});
        say(0, method::ConnectionOpenOk{});
        say(1, method::ChannelOpenOk{});
    }

    template <class M>
    void say(std::uint16_t channel, const M& m) {
        std::string out;
        detail::append_method(out, channel, m);
        peer_->send_all(out);
    }
    template <class M>
    void say(std::uint16_t channel, const M& m, const Message& content) {
        std::string out;
        detail::append_content(out, channel, m, content.properties, content.body, 8192);
        peer_->send_all(out);
    }

    std::size_t recv(Buffer buffer, Deadline deadline = never) override { return client_->recv(buffer, deadline); }
    std::size_t send(Bytes bytes, Deadline /*deadline*/ = never) override {
        std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (!begun_) {
            begun_ = true;
            text.remove_prefix(detail::protocol_header.size());
        }
        while (!text.empty()) {
            const std::span<char> room = frames_.room();
            const std::size_t n = text.copy(room.data(), room.size());
            frames_.filled(n);
            text.remove_prefix(n);
            while (const std::optional<detail::Frame> frame = frames_.next()) {
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
    void answer(const detail::Frame& frame) {
        if (frame.type == detail::FrameType::method && frame.channel == 0) {
            if (detail::method_id(frame.payload) == method::ConnectionClose::info.id) {
                say(0, method::ConnectionCloseOk{});
            }
            return;  // of the login: its answers are there already
        }
        if (frame.type == detail::FrameType::method &&
            detail::method_id(frame.payload) == method::ChannelOpen::info.id) {
            return;
        }
        answer_(frame, *this);
    }

    std::pair<std::shared_ptr<MemoryStream>, std::shared_ptr<MemoryStream>> ends_ = MemoryStream::pair();
    std::shared_ptr<MemoryStream> client_ = ends_.first;
    std::shared_ptr<MemoryStream> peer_ = ends_.second;
    Answer answer_;
    detail::FrameReader frames_;
    bool begun_ = false;
};

// A connection with one open channel.
struct Scene {
    explicit Scene(BrokerStream::Answer answer, std::size_t send_buffer = 1 << 20)
        : connection(connect_over(std::make_shared<BrokerStream>(std::move(answer)), "amqp://localhost",
                                  {.heartbeat = std::chrono::seconds(0), .send_buffer = send_buffer})),
          channel(connection.open_channel()) {}
    // The connection's green threads are ready then, and end at their next turn.
    void end() { connection.close(); }

    Connection connection;
    Channel channel;
};

template <class M>
bool is(const detail::Frame& frame) {
    return frame.type == detail::FrameType::method && detail::method_id(frame.payload) == M::info.id;
}

template <class F>
std::string ending(F f) {
    try {
        f();
        return "done";
    } catch (const TimeoutError&) {
        return "late";
    } catch (const ConnectionLost&) {
        return "lost";
    } catch (const GreenletExit&) {
        return "killed";
    }
}

TEST(ModelAmqp, EachCallerGetsItsOwnAnswer) {
    const auto explored = explore("amqp: each caller gets its own answer", [](Order& order) {
        Scene scene([](const detail::Frame& frame, BrokerStream& broker) {
            const auto declare = detail::decode_method<method::QueueDeclare>(frame.payload);
            broker.say(1, method::QueueDeclareOk{declare.queue, 0, 0});
        });
        std::string end = "never began";
        const auto declares = [&](const std::string& name, Deadline deadline) {
            EXPECT_EQ(scene.channel.declare_queue(name, {}, deadline).name, name);
        };
        auto dies = order.go("dies", [&] { end = ending([&] { declares("1", order.at(1)); }); });
        order.go("other", [&] { declares("2", never); });
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        order.saw(end);
        declares("3", never);
        scene.end();
    });
    explored.expect_outcomes("done, killed, late, never began");
}

// Every message that the broker hands over is taken by one caller, or goes back.
TEST(ModelAmqp, AKilledGetLosesNoMessage) {
    const auto explored = explore("amqp: a killed get", [](Order& order) {
        std::uint64_t handed = 0;
        std::set<std::uint64_t> back;
        std::set<std::uint64_t> acked;
        Scene scene([&](const detail::Frame& frame, BrokerStream& broker) {
            if (is<method::QueuePurge>(frame)) {
                broker.say(1, method::QueuePurgeOk{});
            } else if (is<method::BasicGet>(frame)) {
                broker.say(1, method::BasicGetOk{++handed, false, "", "q", 0}, Message{.body = "m"});
            } else if (is<method::BasicReject>(frame)) {
                EXPECT_TRUE(back.insert(detail::decode_method<method::BasicReject>(frame.payload).delivery_tag).second);
            } else if (is<method::BasicAck>(frame)) {
                const auto ack = detail::decode_method<method::BasicAck>(frame.payload);
                for (std::uint64_t tag = ack.multiple ? 1 : ack.delivery_tag; tag <= ack.delivery_tag; ++tag) {
                    if (!back.contains(tag)) {
                        acked.insert(tag);
                    }
                }
            }
        });
        std::string end = "never began";
        std::set<std::uint64_t> taken;
        const auto gets = [&] {
            std::optional<Delivery> got = scene.channel.get("q");
            yield();
            EXPECT_TRUE(got->ack());
            taken.insert(got->tag());
        };
        auto dies = order.go("dies", [&] { end = ending(gets); });
        order.go("other", gets);
        order.go("killer", [&] { dies.kill(); });
        order.finish();
        scene.channel.purge_queue("q");  // behind all answers
        order.saw(end + (back.empty() ? "" : ", one went back"));
        scene.end();
        EXPECT_EQ(acked, taken);
        EXPECT_EQ(acked.size() + back.size(), handed);
    });
    explored.expect_outcomes("done, killed, killed, one went back, never began");
}

}  // namespace
}  // namespace tendril::amqp
