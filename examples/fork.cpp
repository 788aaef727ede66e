// SPDX-License-Identifier: MIT
//
// fork(): the child goes on in the green thread that called, and in no other.

#include <cstdio>
#include <unistd.h>

#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>

using namespace std::chrono_literals;

int main() {
    // gevent would run it in the parent and in the child. Here a green thread that was spawned before stays with the
    // parent.
    auto magic = tendril::spawn([] { std::printf("magic, once\n"); });

    const pid_t pid = tendril::fork();
    if (pid == 0) {
        const bool gone = magic.killed();
        auto own = tendril::spawn([] {
            tendril::sleep(1ms);
            return 42;
        });
        ::_exit(gone ? own.get() : 1);
    }
    magic.join();
    std::printf("the child said %d\n", tendril::wait_pid(pid));
}
