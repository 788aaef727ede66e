// SPDX-License-Identifier: MIT
//
// A program to be inspected: green threads with names; an HTTP server that shows it. Each line of its input is a
// command: "block" holds the hub until the next line, "fork" makes a child that waits, "end" ends.

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/http/inspect.hpp>
#include <tendril/http/router.hpp>
#include <tendril/http/server.hpp>
#include <tendril/queue.hpp>
#include <tendril/select.hpp>

namespace {

using namespace std::chrono_literals;

void say(const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

// Reads a line without the hub, byte by byte.
std::string read_blocking() {
    std::string line;
    for (char c = 0; ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n';) {
        line += c;
    }
    return line;
}

}  // namespace

int main() {
    tendril::Queue<int> jobs;
    const auto worker = tendril::spawn({.name = "a worker"}, [&] { jobs.get(); });
    const auto sleeper = tendril::spawn({.name = "a sleeper"}, [] { tendril::sleep(1h); });
    tendril::yield();  // both wait before anybody looks
    tendril::http::Router router;
    router.add("GET", "/metrics", tendril::http::metrics_handler());
    router.add("GET", "/{path...}", tendril::http::InspectPages());
    tendril::http::Server server("127.0.0.1:0", router);
    server.start();
    say("at " + server.address().to_string());
    for (;;) {
        tendril::select({STDIN_FILENO}, {}, {});
        const std::string command = read_blocking();
        if (command == "block") {
            say("blocked");
            read_blocking();
            say("free");
        } else if (command == "fork") {
            const pid_t child = tendril::fork();
            if (child == 0) {
                say("child " + std::to_string(::getpid()));
                read_blocking();
                return 0;
            }
            ::waitpid(child, nullptr, 0);
            say("child gone");
        } else {
            break;
        }
    }
    server.stop();
    tendril::kill_all({worker, sleeper});
    return 0;
}
