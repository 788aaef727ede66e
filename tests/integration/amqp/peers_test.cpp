// SPDX-License-Identifier: MIT
//
// Messages to and from other clients, by way of RabbitMQ: pika in Python, and librabbitmq's amqp-publish and
// amqp-consume. What is not installed is skipped, by its name.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/rpc.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>

#include "green_test.hpp"
#include "real_broker.hpp"

namespace tendril::amqp {
namespace {

using namespace std::chrono_literals;
using testing::RealBroker;

bool runs(const std::vector<std::string>& argv) {
    try {
        return run(argv).returncode == 0;
    } catch (const std::system_error&) {  // there is no such program
        return false;
    }
}

// Returns: a Python that has pika; empty for none.
const std::string& python_with_pika() {
    static const std::string found = [] {
        for (const char* python : {"python3", "/usr/bin/python3"}) {
            if (runs({python, TENDRIL_PIKA_PEER})) {
                return std::string(python);
            }
        }
        return std::string();
    }();
    return found;
}

// what: answer or call.
std::vector<std::string> pika_peer(const std::string& what, const std::string& queue, int count) {
    return {python_with_pika(), TENDRIL_PIKA_PEER, what, RealBroker::get().url(), queue, std::to_string(count)};
}

std::string name_of_queue(const std::string& what) {
    static int last = 0;
    return "peers." + what + "." + std::to_string(++last);
}

TENDRIL_TEST(RealPeers, TQ02_PikaReadsAndWritesHeadersOfItsTypes) {
    if (python_with_pika().empty()) {
        GTEST_SKIP() << "no Python here has pika";
    }
    const std::string there = name_of_queue("there");
    const std::string back = name_of_queue("back");
    Client client(RealBroker::get().url(), {.topology = {.queues = {{there}, {back}}}});
    Message sent{.body = std::string(300'000, '\xff'),
                 .properties = {.content_type = "application/octet-stream",
                                .content_encoding = "identity",
                                .persistent = true,
                                .priority = 3,
                                .correlation_id = "correlation",
                                .reply_to = back,
                                .expiration = 60s,
                                .message_id = "id",
                                .timestamp = Timestamp{1'700'000'000},
                                .type = "type",
                                .user_id = "guest",
                                .app_id = "app"}};
    // pika 1.2 reads "l" and "b" as unsigned, "B" as signed, and of "f" and "d" the whole part only.
    Table& headers = sent.properties.headers;
    headers = {{"t", true},
               {"I", std::int32_t{-5}},
               {"l", std::int64_t{5'000'000'000}},
               {"d", 1.5},
               {"D", Decimal{2, 314}},
               {"S", "text \xc3\xa4"},
               {"x", ByteString{std::string("\0\xff", 2)}},
               {"T", Timestamp{1'700'000'000}},
               {"V", Value()},
               {"A", Array{Value(1), Value("two"), Value(Array{Value(false)})}},
               {"F", Table{{"inside", Table{{"deeper", false}}}}}};
    headers.set("b", Value::exactly(std::int8_t{100}));
    headers.set("B", Value::exactly(std::uint8_t{100}));
    headers.set("s", Value::exactly(std::int16_t{-300}));
    headers.set("u", Value::exactly(std::uint16_t{60000}));
    headers.set("i", Value::exactly(std::uint32_t{4'000'000'000}));
    headers.set("f", Value::exactly(0.5F));
    client.publisher("").publish(there, sent);

    const CompletedProcess peer = run(pika_peer("answer", there, 1), {.deadline = 60s});
    EXPECT_EQ(peer.returncode, 0);
    EXPECT_EQ(peer.out, "{'t': True, 'I': -5, 'l': 5000000000L, 'd': 1L, 'D': Decimal('3.14'), 'S': 'text \\xe4', "
                        "'x': b'\\x00\\xff', 'T': datetime.datetime(2023, 11, 14, 22, 13, 20), 'V': None, "
                        "'A': [1, 'two', [False]], 'F': {'inside': {'deeper': False}}, "
                        "'b': 100, 'B': 100, 's': -300, 'u': 60000, 'i': 4000000000, 'f': 0L}\n");
    // It writes its numbers as "I", or as "l" what does not fit or was a long.
    Message expected = sent;
    for (const auto& [name, number] : {std::pair("b", 100), {"B", 100}, {"s", -300}, {"u", 60000}}) {
        expected.properties.headers.set(name, number);
    }
    for (const auto& [name, number] : {std::pair("d", INT64_C(1)), {"f", 0}, {"i", 4'000'000'000}}) {
        expected.properties.headers.set(name, number);
    }
    Delivery got = client.consumer(back).get(20s);
    EXPECT_TRUE(got.ack());
    EXPECT_EQ(got.message(), expected);
    for (const std::string& queue : {there, back}) {
        client.remove_queue(queue);
    }
    client.close();
}

TENDRIL_TEST(RealPeers, TQ53_PikaAnswersCalls) {
    if (python_with_pika().empty()) {
        GTEST_SKIP() << "no Python here has pika";
    }
    const std::string queue = name_of_queue("rpc");
    Client client(RealBroker::get().url(), {.topology = {.queues = {{queue}}}});
    client.wait_connected();
    constexpr int calls = 20;
    auto serving = spawn([&] { return run(pika_peer("answer", queue, calls), {.deadline = 60s}).returncode; });
    RpcClient rpc(client);
    std::vector<Greenlet<Message>> answers;
    for (int i = 0; i < calls; ++i) {
        answers.push_back(spawn([&, i] { return rpc.call(queue, {.body = std::to_string(i)}); }));
    }
    for (int i = 0; i < calls; ++i) {
        EXPECT_EQ(answers[i].get().body, std::to_string(i));
    }
    EXPECT_EQ(serving.get(), 0);
    client.remove_queue(queue);
    client.close();
}

TENDRIL_TEST(RealPeers, TQ53_PikaCalls) {
    if (python_with_pika().empty()) {
        GTEST_SKIP() << "no Python here has pika";
    }
    const std::string queue = name_of_queue("called");
    Client client(RealBroker::get().url(), {.topology = {.queues = {{queue}}}});
    client.wait_connected();
    auto serving = spawn([&] {
        serve_rpc(client, queue, [](const Message& question) -> Message {
            if (question.body == "3") {
                throw std::runtime_error("three is refused");
            }
            return {.body = "answer to " + question.body};
        });
    });
    const CompletedProcess peer = run(pika_peer("call", queue, 5), {.deadline = 60s});
    EXPECT_EQ(peer.returncode, 0);
    EXPECT_EQ(peer.out, "0 answer to 0\n1 answer to 1\n2 answer to 2\n3 three is refused\n4 answer to 4\n");
    serving.kill();
    client.remove_queue(queue);
    client.close();
}

TENDRIL_TEST(RealPeers, ProgramsOfLibrabbitmq) {
    if (!runs({"amqp-publish", "--usage"}) || !runs({"amqp-consume", "--usage"})) {
        GTEST_SKIP() << "amqp-publish and amqp-consume are not installed";
    }
    const std::string url = RealBroker::get().url();
    const std::string queue = name_of_queue("tools");
    Client client(url, {.topology = {.queues = {{queue}}}});
    client.wait_connected();
    const std::string large(200'000, 'x');
    run({"amqp-publish", "-u", url, "-r", queue, "-p", "-C", "text/plain", "-t", "reply", "-H", "colour: red"},
        {.input = large, .check = true, .deadline = 60s});
    Consumer consumer = client.consumer(queue);
    Delivery got = consumer.get(20s);
    EXPECT_EQ(got.message(), (Message{.body = large,
                                      .properties = {.content_type = "text/plain",
                                                     .headers = {{"colour", "red"}},
                                                     .persistent = true,
                                                     .reply_to = "reply"}}));
    EXPECT_TRUE(got.ack());
    consumer.close();

    Publisher publisher = client.publisher("");
    for (const std::string& body : {std::string("one,"), large, std::string(",two")}) {
        publisher.publish(queue, {.body = body, .properties = {.headers = {{"F", Table{{"inside", 1.5}}}}}});
    }
    const CompletedProcess consumed =
        run({"amqp-consume", "-u", url, "-q", queue, "-c", "3", "-p", "1", "cat"}, {.check = true, .deadline = 60s});
    EXPECT_EQ(consumed.out, "one," + large + ",two");
    client.remove_queue(queue);
    client.close();
}

}  // namespace
}  // namespace tendril::amqp
