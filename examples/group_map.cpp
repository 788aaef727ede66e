// SPDX-License-Identifier: MIT
//
// Seed 001's map and imap of a group: map spawns all jobs before the first runs; imap keeps the order of the input;
// imap_unordered returns each result when it is ready.

#include <chrono>
#include <cstdio>
#include <vector>

#include <tendril/group.hpp>

using namespace std::chrono_literals;

int main() {
    const std::vector<int> numbers{0, 1, 2};

    tendril::Group group;
    group.map([&](int) { std::printf("Size of group %zu\n", group.size()); }, numbers);

    const auto intensive = [](int n) {
        tendril::sleep((3 - n) * 20ms);
        return n;
    };
    std::puts("Ordered");
    tendril::Group ordered;
    for (const int n : ordered.imap(intensive, numbers)) {
        std::printf("task %d\n", n);
    }
    std::puts("Unordered");
    tendril::Group unordered;
    for (const int n : unordered.imap_unordered(intensive, numbers)) {
        std::printf("task %d\n", n);
    }
}
