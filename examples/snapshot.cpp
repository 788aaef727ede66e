// SPDX-License-Identifier: MIT
//
// A snapshot: what a hub is doing, as data. Here, what its green threads wait for, and what keeps it alive.

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/queue.hpp>
#include <tendril/snapshot.hpp>
#include <tendril/watchers.hpp>

#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;

int main() {
    tendril::Queue<int> jobs;
    const auto worker = tendril::spawn({.name = "worker"}, [&] { jobs.get(); });
    const auto pacer = tendril::spawn({.name = "pacer"}, [] { tendril::sleep(1h); });
    const tendril::Timer report(10s, [] {}, {.repeat = 10s, .ref = false});
    const tendril::Async wake([] {});
    tendril::yield();  // the green threads begin, and wait

    const tendril::HubSnapshot hub = tendril::snapshot();
    for (const tendril::GreenletInfo& each : hub.greenlets) {
        if (each.kind == tendril::GreenletKind::spawned) {
            std::printf("%s waits in %s, %s\n", each.name.c_str(), each.waits_in.c_str(),
                        each.due.is_forever() ? "without a limit" : "for a limited time");
        }
    }
    for (const tendril::WatcherInfo& each : hub.watchers) {
        std::printf("%s made at line %d %s the hub alive\n", each.kind.c_str(), each.where.line,
                    each.keeps_alive ? "keeps" : "does not keep");
    }
    jobs.put(1);
    worker.join();
    pacer.kill();
}
