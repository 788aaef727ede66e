// SPDX-License-Identifier: MIT
//
// Popen: runs a child process, while other green threads go on.

#include <chrono>
#include <cstdio>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>

using namespace std::chrono_literals;
using tendril::PIPE;

void cron() {
    for (int ticks = 0;; ++ticks) {
        if (ticks < 5) {  // five fit in the child's second; the next one may come before its end or after
            std::printf("cron\n");
        }
        tendril::sleep(200ms);
    }
}

int main() {
    const auto job = tendril::spawn(cron);
    tendril::Popen sub(tendril::shell("sleep 1; uname"), {.out = PIPE});
    const tendril::Output said = sub.communicate();  // cron runs meanwhile
    job.kill();
    std::printf("%s", said.out.c_str());

    // Talking to a child by hand: its stdin and stdout are pipes that wait like sockets.
    tendril::Popen sort({"sort"}, {.in = PIPE, .out = PIPE});
    sort.stdin_().send_all("pear\napple\n");
    sort.stdin_().close();
    std::string sorted(11, '\0');
    sort.stdout_().recv_exactly(sorted);
    std::printf("%sstatus %d\n", sorted.c_str(), sort.wait());

    // A deadline, and an end.
    tendril::Popen slow({"sleep", "100"});
    try {
        slow.wait(10ms);
    } catch (const tendril::TimeoutError&) {
        slow.terminate();
    }
    std::printf("slow: %d\n", slow.wait());
}
