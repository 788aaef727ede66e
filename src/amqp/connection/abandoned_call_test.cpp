// SPDX-License-Identifier: MIT
//
// TQ12 and TQ14: each call that waits for the broker, killed and out of time while it waits. The answer comes late and
// is not taken for another's, what it brought is undone, and the connection goes on.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include <tendril/amqp/connection.hpp>
#include <tendril/amqp/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

#include "base/on_exit.hpp"
#include "delivery_sink.hpp"
#include "fake_broker.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril::amqp {
namespace {

using testing::CollectingSink;
using testing::core;
using testing::FakeBroker;
using testing::FakePeer;
namespace method = testing::method;

struct Case {
    const char* name;
    std::function<void(Connection&, Channel&, CollectingSink&, Deadline)> call;
    std::function<void(FakePeer&)> takes;    // what the call sends
    std::function<void(FakePeer&)> answers;  // late, with what undoes it
};

template <class Request, class Ok>
Case simple(std::function<void(Channel&, Deadline)> call) {
    return {Request::info.name.data(),
            [call](Connection&, Channel& channel, CollectingSink&, Deadline deadline) { call(channel, deadline); },
            [](FakePeer& peer) { peer.expect<Request>(1); }, [](FakePeer& peer) { peer.send(1, Ok{}); }};
}

std::vector<Case> cases() {
    return {
        simple<method::QueueDeclare, method::QueueDeclareOk>(
            [](Channel& c, Deadline d) { c.declare_queue("q", {}, d); }),
        simple<method::ExchangeDeclare, method::ExchangeDeclareOk>(
            [](Channel& c, Deadline d) { c.declare_exchange("e", "direct", {}, d); }),
        simple<method::QueueBind, method::QueueBindOk>(
            [](Channel& c, Deadline d) { c.bind_queue("q", "e", "k", {}, d); }),
        simple<method::QueueDelete, method::QueueDeleteOk>(
            [](Channel& c, Deadline d) { c.delete_queue("q", false, false, d); }),
        simple<method::ConfirmSelect, method::ConfirmSelectOk>([](Channel& c, Deadline d) { c.select_confirms(d); }),
        simple<method::TxCommit, method::TxCommitOk>([](Channel& c, Deadline d) { c.commit(d); }),
        simple<method::BasicRecover, method::BasicRecoverOk>([](Channel& c, Deadline d) { c.recover(d); }),
        simple<method::BasicGet, method::BasicGetEmpty>([](Channel& c, Deadline d) { c.get("q", false, d); }),
        {"get, with a message", [](Connection&, Channel& c, CollectingSink&, Deadline d) { c.get("q", false, d); },
         [](FakePeer& peer) { peer.expect<method::BasicGet>(1); },
         [](FakePeer& peer) {
             peer.send(1, method::BasicGetOk{1, false, "", "q", 0}, Message{.body = "late"});
             const auto reject = peer.expect<method::BasicReject>(1);
             EXPECT_TRUE(reject.requeue);
             EXPECT_EQ(reject.delivery_tag, 1u);
         }},
        {"consume",
         [](Connection&, Channel& c, CollectingSink& sink, Deadline d) { core(c)->consume("q", {}, sink, d); },
         [](FakePeer& peer) {
             peer.expect<method::BasicQos>(1);
             peer.expect<method::BasicConsume>(1);
         },
         [](FakePeer& peer) {
             peer.send(1, method::BasicQosOk{});
             peer.send(1, method::BasicConsumeOk{"tendril-1"});
             peer.deliver(1, "tendril-1", 1, {.body = "late"});
             EXPECT_EQ(peer.expect<method::BasicCancel>(1).consumer_tag, "tendril-1");
             EXPECT_TRUE(peer.expect<method::BasicReject>(1).requeue);
             peer.send(1, method::BasicCancelOk{"tendril-1"});
         }},
        {"open_channel",
         [](Connection& connection, Channel&, CollectingSink&, Deadline d) { connection.open_channel(d); },
         [](FakePeer& peer) { peer.expect<method::ChannelOpen>(2); },
         [](FakePeer& peer) {
             peer.send(2, method::ChannelOpenOk{});
             peer.close_channel(2);
         }},
        {"close of a channel",
         [](Connection& connection, Channel&, CollectingSink&, Deadline d) {
             Channel other = connection.open_channel();
             other.close(d);
             EXPECT_FALSE(other.is_open());
             throw TimeoutError("close does not throw");
         },
         [](FakePeer& peer) {
             peer.open_channel(2);
             peer.expect<method::ChannelClose>(2);
         },
         [](FakePeer& peer) { peer.send(2, method::ChannelCloseOk{}); }},
        {"update_secret", [](Connection& c, Channel&, CollectingSink&, Deadline d) { c.update_secret("s", "r", d); },
         [](FakePeer& peer) { peer.expect<method::ConnectionUpdateSecret>(0); },
         [](FakePeer& peer) { peer.send(0, method::ConnectionUpdateSecretOk{}); }},
    };
}

TENDRIL_TEST(AmqpAbandonedCall, IsUndoneWhenItsAnswerComes) {
    for (const Case& each : cases()) {
        for (const bool kill : {true, false}) {
            SCOPED_TRACE(std::string(each.name) + (kill ? ", killed" : ", out of time"));
            FakeBroker broker;
            Greenlet<void> victim;
            bool threw = false;
            Event undone;
            auto script = spawn([&] {
                FakePeer peer = broker.accept();
                peer.open_channel(1);
                each.takes(peer);
                if (kill) {
                    victim.kill();
                } else {
                    victim.join();
                }
                {
                    const tendril::detail::OnExit over([&] { undone.set(); });
                    each.answers(peer);
                }
                peer.expect<method::QueuePurge>(1);
                peer.send(1, method::QueuePurgeOk{77});
                peer.open_channel(2);
                peer.close_connection();
            });
            Connection connection = connect(broker.url());
            Channel channel = connection.open_channel();
            CollectingSink sink;
            victim = spawn([&] {
                try {
                    each.call(connection, channel, sink, kill ? never : Deadline(0s));
                } catch (const TimeoutError&) {
                    threw = true;
                }
            });
            victim.join();
            undone.wait();
            EXPECT_FALSE(victim.exception() != nullptr && !victim.killed());
            EXPECT_EQ(victim.killed(), kill);
            EXPECT_EQ(threw, !kill);
            try {
                EXPECT_EQ(channel.purge_queue("q"), 77u);
            } catch (const ConnectionLost&) {
                script.get();  // says why it hung up
                throw;
            }
            EXPECT_TRUE(sink.deliveries.empty());
            const Channel next = connection.open_channel();
            connection.close();
            script.get();
        }
    }
}

}  // namespace
}  // namespace tendril::amqp
