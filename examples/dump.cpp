// SPDX-License-Identifier: MIT
//
// The dump: which green thread spawned which, and what each waits for. Printed here without the backtraces, ids, times
// and sizes, which differ from run to run.

#include <tendril/dump.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue.hpp>

#include <iostream>
#include <regex>
#include <sstream>
#include <vector>

int main() {
    tendril::Queue<int> jobs;
    const auto server = tendril::spawn({.name = "server"}, [&] {
        std::vector<tendril::Greenlet<void>> workers;
        for (const char* name : {"left", "right"}) {
            workers.push_back(tendril::spawn({.name = name}, [&] { jobs.get(); }));
        }
        tendril::join_all(workers);
    });
    tendril::yield();  // the server begins, and spawns the workers;
    tendril::yield();  // they begin, and wait

    std::ostringstream text;
    tendril::dump(text, {.backtraces = false});
    static const std::regex varies(R"((green thread) \d+|, spawned.*|; stack.*)");
    std::cout << std::regex_replace(text.str(), varies, "$1");

    jobs.put(1);
    jobs.put(2);
    server.join();
}
