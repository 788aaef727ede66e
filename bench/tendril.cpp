// SPDX-License-Identifier: MIT
//
// The work of workloads.hpp and sync_workloads.hpp on tendril.

#include <chrono>
#include <utility>

#include <tendril/channel.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>
#include <tendril/semaphore.hpp>

#include "allocations.hpp"
#include "sync_workloads.hpp"
#include "workloads.hpp"

namespace {

struct Tendril {
    static constexpr bench::Identity identity{"tendril", __VERSION__};

    template <class F>
    auto spawn(F f) {
        return tendril::spawn(std::move(f));
    }

    template <class F>
    void spawn_n(F f) {
        tendril::spawn_n(std::move(f));
    }

    void yield() { tendril::yield(); }
    void sleep(std::chrono::milliseconds time) { tendril::sleep(time); }
};

Tendril green;

struct QueueOfOne : tendril::Queue<int> {
    QueueOfOne() : tendril::Queue<int>(1) {}
};

struct NoPermits : tendril::Semaphore {
    NoPermits() : Semaphore(0) {}
};

struct Broadcasts : tendril::Event {
    void broadcast() {
        set();
        clear();
    }
};

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Bench benches[] = {
        {"yield_2", [] { bench::yield_between(green, 2, "yield_2"); }},
        {"yield_1000", [] { bench::yield_between(green, 1000, "yield_1000"); }},
        {"spawn_join_1", [] { bench::spawn_and_join(green, 1, "spawn_join_1"); }},
        {"spawn_join_1000", [] { bench::spawn_and_join(green, 1000, "spawn_join_1000"); }},
        {"sleep", [] { bench::sleeping(green); }},
        {"queue", [] { bench::ping_pong<QueueOfOne, false>(green, "queue"); }},
        {"queue_same", [] { bench::ping_pong<QueueOfOne, true>(green, "queue_same"); }},
        {"channel", [] { bench::ping_pong<tendril::Channel<int>, false>(green, "channel"); }},
        {"channel_same", [] { bench::ping_pong<tendril::Channel<int>, true>(green, "channel_same"); }},
        {"semaphore", [] { bench::hand_to_and_fro<NoPermits>(green, "semaphore"); }},
        {"event", [] { bench::broadcast_to<Broadcasts>(green, 10'000, "event"); }},
        {"allocations", [] { bench::count_allocations(Tendril::identity); }},
        {"parked", [] { bench::parked(green, "parked"); }},  // last: ends the process
    };
    return bench::run_benches(argc, argv, benches);
}
