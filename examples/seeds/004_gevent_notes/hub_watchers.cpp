// SPDX-License-Identifier: MIT
//
// The hub's watchers, one of each kind that the tutorial names, and three more. What each saw is printed in the order
// of the names.

#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/once.hpp>
#include <tendril/pipe.hpp>
#include <tendril/process.hpp>
#include <tendril/watchers.hpp>

using namespace std::chrono_literals;
using namespace tendril;

int main() {
    std::map<std::string, int> seen;
    const auto note = [&](const std::string& name) { ++seen[name]; };

    Prepare prepare([&] { note("prepare"); });
    Check check([&] { note("check"); });
    Timer timer(20ms, [&] { note("timer"); }, {.repeat = 20ms});
    Periodic periodic(std::chrono::system_clock::now() + 20ms, 0ns, [&] { note("wall clock"); });
    Idle idle([&] {
        note("idle");
        idle.stop();
    });

    Pipe ends = make_pipe();
    const int reader = ends.reader.fd();
    Io io(reader, IoEvents::read, [&](IoEvents) {
        char word[16];
        note("io " + std::string(word, static_cast<std::size_t>(::read(reader, word, sizeof word))));
    });
    Signal caught(SIGUSR1, [&](int) { note("signal"); });
    Async wake([&] { note("async"); });
    Popen program({"true"});
    Child child(program.pid(), [&](const ChildStatus&) { note("child"); });

    ::raise(SIGUSR1);
    ends.writer.send_all("hello");
    wake.sender().send_threadsafe();
    while (seen.size() < 9 || seen["timer"] < 3) {
        sleep(10ms);
    }

    for (const auto& [name, count] : seen) {
        const bool often = name == "prepare" || name == "check" || name == "timer";
        std::printf("%s: %s\n", name.c_str(), often ? "some" : std::to_string(count).c_str());
    }
    std::printf("ticks: %s\n", seen["timer"] >= 3 ? "True" : "False");
}
