// SPDX-License-Identifier: MIT
//
// Maps a task over five inputs, with a bar, for work_pool_test.cpp: amqp_bar URL NAME

#include <array>

#include <tendril/amqp/pool.hpp>

#include "tasks.hpp"

int main(int argc, char** argv) {
    using namespace tendril::amqp;
    if (argc != 3) {
        return 2;
    }
    Client client{Url(argv[1])};
    int sum = 0;
    {
        Pool pool(client, argv[2], {.bar = true});
        for (const int nap : pool.map(testing::nap_task, std::array{1, 2, 3, 4, 5})) {
            sum += nap;
        }
    }
    client.close();
    return sum == 15 ? 0 : 1;
}
