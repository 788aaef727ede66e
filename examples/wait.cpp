// SPDX-License-Identifier: MIT
//
// wait and iwait: the first of several different things, and all of many in the order in which they end.

#include <chrono>
#include <cstdio>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/wait.hpp>

using namespace std::chrono_literals;

int main() {
    std::vector<tendril::Greenlet<int>> jobs;
    for (const int turns : {3, 1, 2}) {
        jobs.push_back(tendril::spawn([turns] {
            for (int i = 0; i < turns; ++i) {
                tendril::yield();
            }
            return turns;
        }));
    }
    for (const auto& job : tendril::iwait(jobs)) {
        std::printf("a job of %d turns has ended\n", job.get());
    }

    tendril::Event stop;
    const auto endless = tendril::spawn([] { tendril::sleep(tendril::never); });
    tendril::spawn_n([&] { stop.set(); });
    const auto first = tendril::wait({tendril::AnyWaitable(endless), tendril::AnyWaitable(stop)}, 10s, 1);
    std::printf("first: %s\n", first.at(0).is(stop) ? "stop" : "the endless job");

    const auto none = tendril::wait({endless}, 1ms);
    std::printf("within a millisecond: %zu\n", none.size());
    endless.kill();
}
