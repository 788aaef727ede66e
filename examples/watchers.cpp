// SPDX-License-Identifier: MIT
//
// Watchers of every kind: callbacks that the hub runs when something happens. Each one here ends its own part.

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/eventfd.h>
#include <unistd.h>

#include <tendril/fd.hpp>
#include <tendril/fork.hpp>
#include <tendril/hub.hpp>
#include <tendril/watchers.hpp>

using namespace std::chrono_literals;
using namespace tendril;

int main() {
    Hub& hub = Hub::current();
    int ticks = 0;
    Timer timer(1ms, [&] { std::printf("tick %d\n", ++ticks), ticks == 2 ? timer.stop() : void(); }, {.repeat = 1ms});
    hub.run_until_idle();

    Periodic periodic(std::chrono::system_clock::now() + 1ms, 0ns, [] { std::puts("the wall clock says so"); });
    hub.run_until_idle();
    const Fd event(::eventfd(1, EFD_NONBLOCK));
    Io io(event.get(), IoEvents::read, [&](IoEvents) { std::puts("the descriptor is readable"), io.stop(); });
    hub.run_until_idle();

    Prepare prepare([&] { std::puts("before the hub looks"), prepare.stop(); });
    Check check([&] { std::puts("after it has looked"), check.stop(); });
    Timer soon(1ms, [] {});  // without it the hub would sleep and never look
    hub.run_until_idle();
    Idle idle([&] { std::puts("nothing else to do"), idle.stop(); });
    hub.run_until_idle();

    Signal signal(SIGUSR1, [&](int) { std::puts("a signal"), signal.stop(); }, {.ref = true});
    ::raise(SIGUSR1);
    hub.run_until_idle();

    int code = 0;
    Fork forked([&] { code = 7; });
    const pid_t pid = tendril::fork();
    if (pid == 0) {
        ::_exit(code);
    }
    Child child(pid, [](const ChildStatus& status) { std::printf("the child ended with %d\n", status.code); });
    hub.run_until_idle();

    const std::string file = std::filesystem::temp_directory_path() / ("tendril-" + std::to_string(::getpid()));
    Stat stat(file, [&](const StatChange& change) {
        std::puts(change.current.exists ? "the file is there" : "the file is gone"), stat.stop();
    });
    std::ofstream(file).close();
    hub.run_until_idle();
    std::filesystem::remove(file);
}
