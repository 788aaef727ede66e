// SPDX-License-Identifier: MIT
//
// A program that a SIGINT ends, or does not: see integration/interrupt_test.cpp. Its argument says what its main green
// thread does about it.

#include <csignal>
#include <cstdio>
#include <string_view>

#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>
#include <tendril/signal.hpp>

using namespace std::chrono_literals;

namespace {

struct Says {
    const char* text;
    ~Says() { std::puts(text); }
};
const Says of_the_program{"static"};

void wait_ready() {
    std::puts("ready");
    std::fflush(stdout);
    tendril::sleep(1h);
}

int run(std::string_view how) {
    const Says of_main{"main unwound"};
    tendril::spawn_n([] {
        const Says of_another{"another unwound"};
        tendril::sleep(1h);
    });
    if (how == "catches") {
        try {
            wait_ready();
        } catch (const tendril::KeyboardInterrupt& e) {
            std::puts(e.what());
        }
        return 3;
    }
    if (how == "swallows") {
        try {
            wait_ready();
        } catch (...) {
            std::puts("swallowed");
        }
        tendril::sleep(1ms);  // goes on as ever
        return 4;
    }
    if (how == "shielded") {
        const tendril::Shield shield;
        std::puts("ready");
        std::fflush(stdout);
        tendril::sleep(50ms);
        std::puts("shielded to the end");
    }
    if (how == "computes") {
        std::puts("ready");
        std::fflush(stdout);
        volatile bool for_ever = true;
        while (for_ever) {
        }
    }
    if (how == "asked") {
        bool stop = false;
        const tendril::Signal asked = tendril::on_signal(SIGINT, [&] { stop = true; });
        std::puts("ready");
        std::fflush(stdout);
        while (!stop) {
            tendril::sleep(1ms);
        }
        return 5;
    }
    if (how == "in a green thread") {
        tendril::spawn(wait_ready).get();
    }
    wait_ready();
    return 0;
}

}  // namespace

int main(int, char** argv) {
    return run(argv[1]);
}
