// SPDX-License-Identifier: MIT
//
// What a group maps over starts all at once; imap keeps the order, imap_unordered does not.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <set>
#include <vector>

#include <tendril/group.hpp>

using namespace std::chrono_literals;

int main() {
    const std::vector<int> numbers{0, 1, 2};

    tendril::Group group;
    std::set<std::uint64_t> seen;
    const auto hello_from = [&](int) {
        std::printf("Size of group %zu\n", group.size());
        seen.insert(tendril::current().id());
    };
    group.map(hello_from, numbers);
    std::printf("%zu green threads\n", seen.size());

    const auto intensive = [](int n) {
        tendril::sleep((3 - n) * 100ms);
        return n;
    };
    std::puts("Ordered");
    tendril::Group ordered;
    for (const int n : ordered.imap(intensive, numbers)) {
        std::printf("('task', %d)\n", n);
    }
    std::puts("Unordered");
    tendril::Group unordered;
    for (const int n : unordered.imap_unordered(intensive, numbers)) {
        std::printf("('task', %d)\n", n);
    }
}
