// SPDX-License-Identifier: MIT
//
// The works of bench/amqp with librabbitmq, as its examples use it.

#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "../work.hpp"

namespace {

void check(bool good, const char* what) {
    if (!good) {
        std::fprintf(stderr, "librabbitmq: %s\n", what);
        std::exit(1);
    }
}

class Client {
public:
    explicit Client(int port) : state_(amqp_new_connection()) {
        amqp_socket_t* socket = amqp_tcp_socket_new(state_);
        check(amqp_socket_open(socket, "127.0.0.1", port) == AMQP_STATUS_OK, "connect");
        answered(amqp_login(state_, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"), "login");
        amqp_channel_open(state_, 1);
        answered("channel.open");
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { amqp_destroy_connection(state_); }

    void select_confirms() {
        amqp_confirm_select(state_, 1);
        answered("confirm.select");
    }

    void publish(const char* exchange, const char* key, bool persistent, bool asks = false) {
        amqp_basic_properties_t properties{};
        if (persistent) {
            properties._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
            properties.delivery_mode = 2;
        }
        if (asks) {
            properties._flags |= AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG;
            properties.reply_to = amqp_cstring_bytes("amq.rabbitmq.reply-to");
            properties.correlation_id = amqp_cstring_bytes("1");
        }
        const amqp_bytes_t body{body_.size(), body_.data()};
        check(amqp_basic_publish(state_, 1, amqp_cstring_bytes(exchange), amqp_cstring_bytes(key), 0, 0, &properties,
                                 body) == AMQP_STATUS_OK,
              "publish");
    }

    // Waits for the next basic.ack. Returns: how many messages of those up to `acked` and behind are acked then.
    std::uint64_t await_ack(std::uint64_t acked) {
        for (;;) {
            amqp_frame_t frame;
            amqp_maybe_release_buffers(state_);
            check(amqp_simple_wait_frame(state_, &frame) == AMQP_STATUS_OK, "wait");
            if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
                const auto* ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
                return ack->multiple != 0 ? std::max(acked, ack->delivery_tag) : acked + 1;
            }
        }
    }

    void flush() {
        amqp_queue_declare(state_, 1, amqp_cstring_bytes(bench::queue), 1, 1, 0, 0, amqp_empty_table);
        answered("queue.declare");
    }

    void consume(const char* queue, std::uint16_t prefetch, bool no_ack) {
        if (!no_ack) {
            amqp_basic_qos(state_, 1, 0, prefetch, 0);
            answered("basic.qos");
        }
        amqp_basic_consume(state_, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, no_ack ? 1 : 0, 0,
                           amqp_empty_table);
        answered("basic.consume");
    }

    void get(bool acks) {
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(state_);
        answered(amqp_consume_message(state_, &envelope, nullptr, 0), "consume");
        if (acks) {
            check(amqp_basic_ack(state_, 1, envelope.delivery_tag, 0) == AMQP_STATUS_OK, "ack");
        }
        amqp_destroy_envelope(&envelope);
    }

private:
    void answered(const char* what) { answered(amqp_get_rpc_reply(state_), what); }
    static void answered(const amqp_rpc_reply_t& reply, const char* what) {
        check(reply.reply_type == AMQP_RESPONSE_NORMAL, what);
    }

    amqp_connection_state_t state_;
    std::string body_ = std::string(bench::body_size, 'x');
};

void confirm(Client& client, std::size_t messages, std::size_t window) {
    std::uint64_t acked = 0;
    for (std::size_t sent = 0; acked < messages;) {
        while (sent < messages && sent - acked < window) {
            client.publish("", bench::queue, true);
            ++sent;
        }
        acked = client.await_ack(acked);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments(argc, argv);
    Client client(arguments.port);
    if (arguments.work.starts_with("confirm")) {
        client.select_confirms();
    }
    bench::Measure measure(arguments.messages);
    if (arguments.work == "publish") {
        for (std::size_t i = 0; i < arguments.messages; ++i) {
            client.publish(bench::exchange_without_queue, "", false);
        }
        client.flush();
    } else if (arguments.work == "confirm" || arguments.work == "confirm-1") {
        confirm(client, arguments.messages, arguments.work == "confirm" ? 1000 : 1);
    } else if (arguments.work == "consume" || arguments.work == "consume-1") {
        client.consume(bench::queue, arguments.work == "consume" ? 1000 : 1, false);
        for (std::size_t i = 0; i < arguments.messages; ++i) {
            client.get(true);
        }
        client.flush();
    } else if (arguments.work == "rpc") {
        client.consume("amq.rabbitmq.reply-to", 0, true);
        for (std::size_t i = 0; i < arguments.messages; ++i) {
            const auto start = std::chrono::steady_clock::now();
            client.publish("", bench::rpc_queue, false, true);
            client.get(false);
            measure.round_trip(std::chrono::steady_clock::now() - start);
        }
    } else {
        return bench::no_such_work;
    }
    measure.print();
}
