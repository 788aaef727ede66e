// SPDX-License-Identifier: MIT
//
// spawn, spawn_n, spawn_after, cancel, sleep. In eventlet cancel() lets the others run, so that two words come before
// "nothing has run yet"; here it does not.

#include <cctype>
#include <chrono>
#include <cstdio>
#include <string>

#include <tendril/greenlet.hpp>

using namespace std::chrono_literals;

std::string say(std::string word) {
    std::puts(word.c_str());
    for (char& letter : word) {
        letter = static_cast<char>(std::toupper(letter));
    }
    return word;
}

int main() {
    const auto spawned = tendril::spawn(say, "spawned");
    tendril::spawn_n(say, "without a result");
    const auto after = tendril::spawn_after(50ms, say, "after a while");
    const auto cancelled = tendril::spawn_after(50ms, say, "not printed");
    cancelled.cancel();
    std::puts("nothing has run yet");
    std::puts(spawned.get().c_str());
    tendril::sleep();
    std::puts(after.get().c_str());
}
