// SPDX-License-Identifier: MIT
//
// librabbitmq against a RabbitMQ, whose port the environment names. The broker waits where a message lies in a queue
// with a time to live, after which it goes to the queue that is read.

#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "driver_test.hpp"

namespace tendril::testing {
namespace {

// A connection with a queue of its own, which it reads.
class Broker {
public:
    Broker() = default;
    Broker(Broker&& other) noexcept : state_(std::exchange(other.state_, nullptr)), inbox_(std::move(other.inbox_)) {}
    Broker& operator=(Broker&& other) noexcept {
        std::swap(state_, other.state_);
        std::swap(inbox_, other.inbox_);
        return *this;
    }
    ~Broker() {
        if (state_ != nullptr) {
            amqp_destroy_connection(state_);
        }
    }

    // Returns what went wrong, or "".
    std::string open(int port, const timeval* limit) {
        state_ = amqp_new_connection();
        amqp_socket_t* socket = amqp_tcp_socket_new(state_);
        if (limit != nullptr) {
            amqp_set_handshake_timeout(state_, limit);
        }
        if (const int status = amqp_socket_open_noblock(socket, "127.0.0.1", port, limit); status != AMQP_STATUS_OK) {
            return amqp_error_string2(status);
        }
        const amqp_rpc_reply_t reply = amqp_login(state_, "/", 1, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest");
        return reply.reply_type == AMQP_RESPONSE_NORMAL ? "" : amqp_error_string2(reply.library_error);
    }

    bool listen() {
        amqp_channel_open(state_, 1);
        const amqp_queue_declare_ok_t* queue =
            amqp_queue_declare(state_, 1, amqp_empty_bytes, 0, 0, 1, 1, amqp_empty_table);
        if (queue == nullptr) {
            return false;
        }
        inbox_.assign(static_cast<const char*>(queue->queue.bytes), queue->queue.len);
        return amqp_basic_consume(state_, 1, bytes(inbox_), amqp_empty_bytes, 0, 1, 0, amqp_empty_table) != nullptr;
    }

    // Makes a queue that keeps its messages for that long and then sends them here. Returns its name; "": it failed.
    std::string delay(int ms) {
        const std::string name = "after." + std::to_string(ms) + "." + inbox_;
        amqp_table_entry_t entries[3] = {};
        entries[0].key = amqp_cstring_bytes("x-message-ttl");
        entries[0].value.kind = AMQP_FIELD_KIND_I32;
        entries[0].value.value.i32 = ms;
        entries[1].key = amqp_cstring_bytes("x-dead-letter-exchange");
        entries[1].value.kind = AMQP_FIELD_KIND_UTF8;
        entries[1].value.value.bytes = amqp_empty_bytes;
        entries[2].key = amqp_cstring_bytes("x-dead-letter-routing-key");
        entries[2].value.kind = AMQP_FIELD_KIND_UTF8;
        entries[2].value.value.bytes = bytes(inbox_);
        const amqp_table_t arguments{.num_entries = 3, .entries = entries};
        return amqp_queue_declare(state_, 1, bytes(name), 0, 0, 1, 1, arguments) != nullptr ? name : "";
    }

    bool publish(const std::string& queue, const std::string& body) {
        return amqp_basic_publish(state_, 1, amqp_empty_bytes, bytes(queue), 0, 0, nullptr, bytes(body)) ==
               AMQP_STATUS_OK;
    }

    // Returns the body of the next message; `status` is the library's.
    std::string consume(int& status, const timeval* limit = nullptr) {
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(state_);
        const amqp_rpc_reply_t reply = amqp_consume_message(state_, &envelope, limit, 0);
        if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
            status = reply.library_error;
            return "";
        }
        status = AMQP_STATUS_OK;
        std::string body(static_cast<const char*>(envelope.message.body.bytes), envelope.message.body.len);
        amqp_destroy_envelope(&envelope);
        return body;
    }

    const std::string& inbox() const noexcept { return inbox_; }

private:
    static amqp_bytes_t bytes(const std::string& text) {
        return {.len = text.size(), .bytes = const_cast<char*>(text.data())};
    }

    amqp_connection_state_t state_ = nullptr;
    std::string inbox_;
};

struct Rabbitmq {
    static constexpr const char* library = "librabbitmq";
    struct Session {
        Broker broker;
        std::string after_200_ms;
    };

    static Session connect() {
        Session session;
        if (const std::string error = session.broker.open(port_in("TENDRIL_TEST_RABBITMQ_PORT"), nullptr);
            !error.empty()) {
            throw std::runtime_error(error);
        }
        session.after_200_ms = session.broker.listen() ? session.broker.delay(200) : "";
        if (session.after_200_ms.empty()) {
            throw std::runtime_error("no queue");
        }
        return session;
    }

    // Nothing comes for long waits.
    static bool wait(Session& session, int ms) {
        int status = AMQP_STATUS_OK;
        if (ms <= 200) {
            session.broker.publish(ms == 200 ? session.after_200_ms : session.broker.inbox(), "body");
        }
        return session.broker.consume(status) == "body";
    }

    static std::string connect_to(int port) {
        const timeval limit{.tv_sec = 1, .tv_usec = 0};
        Broker broker;
        return broker.open(port, &limit);
    }
};

TENDRIL_DRIVER_TESTS(Rabbitmq)

TEST_F(RabbitmqTest, large_messages) {
    in_green_threads(20, [](int i) {
        auto session = Rabbitmq::connect();
        const std::string sent = letters(500'000, i);
        int status = AMQP_STATUS_OK;
        EXPECT_TRUE(session.broker.publish(session.broker.inbox(), sent));
        EXPECT_TRUE(session.broker.consume(status) == sent) << amqp_error_string2(status);
    });
}

TEST_F(RabbitmqTest, receive_timeout_of_its_own) {
    const auto took = in_green_threads(20, [](int) {
        auto session = Rabbitmq::connect();
        const timeval limit{.tv_sec = 0, .tv_usec = 200'000};
        int status = AMQP_STATUS_OK;
        const auto begin = Clock::now();
        EXPECT_EQ(session.broker.consume(status, &limit), "");
        EXPECT_EQ(status, AMQP_STATUS_TIMEOUT);
        EXPECT_GE(Clock::now() - begin, 199ms);
        EXPECT_LE(Clock::now() - begin, 2s);
    });
    EXPECT_GE(took, 199ms);
}

TEST_F(RabbitmqTest, messages_round_a_ring) {
    constexpr int size = 20;
    constexpr int rounds = 50;
    auto sessions = connect_all<Rabbitmq>(size);
    int passed = 0;
    in_green_threads(size, [&](int i) {
        Broker& broker = sessions[static_cast<std::size_t>(i)].broker;
        const std::string& next = sessions[static_cast<std::size_t>((i + 1) % size)].broker.inbox();
        for (int round = 0; round < rounds; ++round) {
            int status = AMQP_STATUS_OK;
            ASSERT_TRUE(broker.publish(next, std::to_string(round)));
            ASSERT_EQ(broker.consume(status), std::to_string(round)) << amqp_error_string2(status);
            ++passed;
        }
    });
    EXPECT_EQ(passed, size * rounds);
    EXPECT_EQ(count_os_threads(), 1U);
}

}  // namespace
}  // namespace tendril::testing
