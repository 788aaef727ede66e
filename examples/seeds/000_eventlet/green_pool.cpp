// SPDX-License-Identifier: MIT
//
// GreenPool is Pool: how many run, how many more may, who waits.

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <tendril/pool.hpp>

using namespace std::chrono_literals;

template <class Results>
std::string listed(Results&& results) {
    std::string text;
    for (const int each : results) {
        text += (text.empty() ? "[" : ", ") + std::to_string(each);
    }
    return text + "]";
}

int power(int base, int exponent) {
    return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

int main() {
    tendril::Pool pool(2);
    std::printf("size %zu free %td running %zu waiting %zu\n", pool.capacity(), pool.free(), pool.running(),
                pool.waiting());

    const auto work = [](int n) {
        tendril::sleep((4 - n) * 10ms);
        return n * n;
    };
    const auto first = pool.spawn(work, 1);
    const auto second = pool.spawn(work, 2);
    std::printf("free %td running %zu waiting %zu\n", pool.free(), pool.running(), pool.waiting());
    const int one = first.get(), two = second.get();
    std::printf("%d %d\n", one, two);
    pool.wait_all();
    std::printf("free %td running %zu\n", pool.free(), pool.running());

    pool.resize(10);
    std::printf("free %td\n", pool.free());
    std::puts(listed(pool.imap(work, std::vector{0, 1, 2, 3})).c_str());
    std::puts(listed(pool.starmap(power, std::vector{std::pair(2, 3), std::pair(3, 2)})).c_str());

    // A member of a full pool does not wait for a place: what it spawns runs in its own, and ends first.
    const auto spawn_from_within = [&](const auto& self, int n) -> void {
        if (n > 0) {
            pool.spawn_n([&self, n] { self(self, n - 1); });
        }
        std::printf("within %d\n", n);
    };
    pool.resize(1);
    pool.spawn_n([&] { spawn_from_within(spawn_from_within, 2); });
    pool.wait_all();
    std::printf("free %td\n", pool.free());
}
