// SPDX-License-Identifier: MIT
//
// The work of workloads.hpp, sleep_workloads.hpp and sync_workloads.hpp on tendril.

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include <tendril/channel.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/queue.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/watchers.hpp>

#include "allocations.hpp"
#include "sleep_workloads.hpp"
#include "sync_workloads.hpp"
#include "timer_workloads.hpp"
#include "workloads.hpp"

namespace {

using namespace std::chrono_literals;

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

// Timers as watchers, which call a function in the hub; a sleep, the usual use of a timer, is another row.
class Timers {
public:
    explicit Timers(std::size_t number) { all_.reserve(number); }
    void arm(std::size_t, std::chrono::microseconds after) { all_.emplace_back(after, &bench::count); }
    void cancel(std::size_t i) { all_[i].stop(); }
    void run() { tendril::Hub::current().run_until_idle(); }

private:
    std::vector<tendril::Timer> all_;
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
        {"sleep", [] { bench::sleeping(green, 10'000, 400ms, "sleep"); }},
        {"sleep_1000", [] { bench::sleeping(green, 1'000, 1s, "sleep_1000"); }},
        {"sleep_100", [] { bench::sleeping(green, 100, 1s, "sleep_100"); }},
        {"queue", [] { bench::ping_pong<QueueOfOne, false>(green, "queue"); }},
        {"queue_same", [] { bench::ping_pong<QueueOfOne, true>(green, "queue_same"); }},
        {"channel", [] { bench::ping_pong<tendril::Channel<int>, false>(green, "channel"); }},
        {"channel_same", [] { bench::ping_pong<tendril::Channel<int>, true>(green, "channel_same"); }},
        {"semaphore", [] { bench::hand_to_and_fro<NoPermits>(green, "semaphore"); }},
        {"event", [] { bench::broadcast_to<Broadcasts>(green, 10'000, "event"); }},
        {"allocations", [] { bench::count_allocations(Tendril::identity); }},
        {"timers_arm", [] { bench::arm_timers<Timers>(Tendril::identity); }},
        {"timers_cancel", [] { bench::cancel_timers<Timers>(Tendril::identity); }},
        {"timers_fire", [] { bench::fire_timers<Timers>(Tendril::identity); }},
        // These end the process.
        {"parked_1000", [] { bench::parked(green, 1'000, "parked_1000"); }},
        {"parked_100000", [] { bench::parked(green, 100'000, "parked_100000"); }},
        {"parked", [] { bench::parked(green, 1'000'000, "parked"); }},
    };
    return bench::run_benches(argc, argv, benches);
}
