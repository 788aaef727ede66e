// SPDX-License-Identifier: MIT
//
// Puts the numbers from 0 into a Queue, for work_queue_test.cpp: amqp_putter URL NAME COUNT

#include <cstdlib>

#include <tendril/amqp/msgpack.hpp>
#include <tendril/amqp/queue.hpp>

int main(int argc, char** argv) {
    if (argc != 4) {
        return 2;
    }
    tendril::amqp::Client client{tendril::amqp::Url(argv[1])};
    tendril::amqp::Queue<int> numbers(client, argv[2]);
    const int count = std::atoi(argv[3]);
    for (int i = 0; i < count; ++i) {
        numbers.put(i);
    }
    client.close();
}
