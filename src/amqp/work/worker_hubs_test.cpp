// SPDX-License-Identifier: MIT

#include "amqp/work/worker_hubs.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/shared_event.hpp>

#include "green_test.hpp"

namespace tendril::amqp::detail {
namespace {

// All of them at once, and each in a hub of its own: none returns before all are here.
TENDRIL_TEST(AmqpWorkerHubsThreads, AllRunAtOnce) {
    constexpr unsigned hubs = 3;
    WorkerStop stop;
    std::atomic<unsigned> here = 0;
    SharedEvent all_here;
    in_hubs(hubs, stop, [&] {
        if (++here == hubs) {
            all_here.set();
        }
        all_here.wait();
    });
    EXPECT_EQ(here, hubs);
    in_hubs(1, stop, [&] { ++here; });
    EXPECT_EQ(here, hubs + 1);
}

struct Failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Whichever hub it is that fails: the caller's, or another.
TENDRIL_TEST(AmqpWorkerHubsThreads, TheErrorOfOneStopsAll) {
    for (const bool callers : {true, false}) {
        WorkerStop stop;
        const Hub* const main = &Hub::current();
        EXPECT_THROW(in_hubs(3, stop,
                             [&] {
                                 if ((&Hub::current() == main) == callers) {
                                     throw Failed("no broker");
                                 }
                                 stop.asked();
                             }),
                     Failed);
    }
}

TENDRIL_TEST(AmqpWorkerHubsThreads, AKillStopsAllAndAwaitsThem) {
    WorkerStop stop;
    std::atomic<int> returned = 0;
    const Hub* const main = &Hub::current();
    Event begun;
    auto caller = spawn([&] {
        in_hubs(3, stop, [&] {
            if (&Hub::current() == main) {
                begun.set();
                Event().wait();
            }
            stop.asked();
            ++returned;
        });
    });
    begun.wait();
    caller.kill();
    EXPECT_EQ(returned, 2);
}

}  // namespace
}  // namespace tendril::amqp::detail
