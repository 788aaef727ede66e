// SPDX-License-Identifier: MIT
//
// run: calls programs as if they were functions; and several at once.

#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>

#include <tendril/group.hpp>
#include <tendril/process.hpp>

using namespace std::chrono_literals;
using tendril::run;
using tendril::shell;

int main() {
    const tendril::CompletedProcess sorted = run({"sort", "-n"}, {.input = "10\n9\n"});
    std::printf("%s", sorted.out.c_str());

    try {
        run(shell("echo oops >&2; exit 3"), {.check = true});
    } catch (const tendril::CalledProcessError& e) {
        std::printf("%s: %s", e.what(), e.err().c_str());
    }
    try {
        run({"no-such-program"});
    } catch (const std::system_error& e) {
        std::printf("%s\n", e.what());
    }
    try {
        run(shell("echo begun; exec sleep 100"), {.deadline = 500ms});
    } catch (const tendril::RunTimeout&) {
        std::printf("too slow, and ended\n");
    }

    // Three at the same time, in the order of their numbers.
    tendril::Group group;
    const auto squares = group.map(
        [](int n) {
            return tendril::check_output(shell("echo $((" + std::to_string(n) + "*" + std::to_string(n) + "))"));
        },
        std::vector{1, 2, 3});
    for (const std::string& square : squares) {
        std::printf("%s", square.c_str());
    }
}
