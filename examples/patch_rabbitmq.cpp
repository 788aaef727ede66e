// SPDX-License-Identifier: MIT
//
// patch::library with RabbitMQ's C client: 200 green threads, and each waits 0.2 s in the broker for a message that
// never comes. The broker's port is in the environment.

#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <tendril/group.hpp>
#include <tendril/patch/patch.hpp>

using namespace std::chrono_literals;

void wait_for_message(int port) {
    const std::unique_ptr<amqp_connection_state_t_, decltype(&amqp_destroy_connection)> connection(
        amqp_new_connection(), &amqp_destroy_connection);
    amqp_connection_state_t broker = connection.get();
    if (amqp_socket_open(amqp_tcp_socket_new(broker), "127.0.0.1", port) != AMQP_STATUS_OK ||
        amqp_login(broker, "/", 1, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type !=
            AMQP_RESPONSE_NORMAL) {
        throw std::runtime_error("no broker");
    }
    timeval patience{.tv_sec = 0, .tv_usec = 200'000};
    amqp_frame_t frame;
    if (amqp_simple_wait_frame_noblock(broker, &frame, &patience) != AMQP_STATUS_TIMEOUT) {
        throw std::runtime_error("the broker said something");
    }
}

int main() {
    tendril::patch::library("librabbitmq");
    const int port = std::atoi(std::getenv("TENDRIL_TEST_RABBITMQ_PORT"));

    const auto begin = std::chrono::steady_clock::now();
    tendril::Group waits;
    for (int i = 0; i < 200; ++i) {
        waits.spawn(wait_for_message, port);
    }
    waits.join();

    const bool together = std::chrono::steady_clock::now() - begin < 10s;
    const auto threads = std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
    std::printf("200 waits of 0.2 s on one OS thread: %s\n", together && threads == 1 ? "yes" : "no");
}
