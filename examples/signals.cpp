// SPDX-License-Identifier: MIT
//
// Signals: a function in a green thread of its own, which may wait like any other; here it ends the program in good
// order.

#include <csignal>
#include <cstdio>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/signal.hpp>

using namespace std::chrono_literals;

int main() {
    tendril::Event stop;
    tendril::Group workers;
    const auto on_term = tendril::on_signal(SIGTERM, [&] {
        std::printf("asked to stop; %zu workers to wait for\n", workers.size());
        if (!workers.join(1s)) {
            workers.kill();
        }
        stop.set();
    });

    for (int i = 0; i < 3; ++i) {
        workers.spawn([] { tendril::sleep(10ms); });
    }
    std::raise(SIGTERM);  // as `kill` would
    stop.wait();
    std::printf("done, %zu left\n", workers.size());
}
