// SPDX-License-Identifier: MIT
//
// A child process is waited for while others run.

#include <chrono>
#include <cstdio>

#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>

using namespace std::chrono_literals;

void cron() {
    for (int ticks = 0;; ++ticks) {
        if (ticks < 5) {  // on a slow machine there is time for more before the child has ended
            std::puts("cron");
        }
        tendril::sleep(200ms);
    }
}

int main() {
    const auto g = tendril::spawn(cron);
    tendril::Popen sub(tendril::shell("sleep 0.9; uname"), {.out = tendril::PIPE});
    const tendril::Output said = sub.communicate();
    g.kill();
    std::printf("%s", said.out.c_str());
}
