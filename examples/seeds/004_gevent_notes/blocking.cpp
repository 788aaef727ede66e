// SPDX-License-Identifier: MIT
//
// Finds a green thread that keeps the hub for too long, by an observer of all switches. It counts CPU time, so that a
// busy machine makes nobody look rude. (The blocking watch needs no observer, and has a backtrace:
// examples/blocking_watch.cpp.)

#include <time.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <set>

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>

using namespace std::chrono_literals;

namespace {

std::chrono::nanoseconds used() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::chrono::nanoseconds last;
std::set<std::uint64_t> blocked;

void on_switch(const tendril::SwitchEvent& event) noexcept {
    const std::chrono::nanoseconds now = used();
    if (now - last > 200ms) {
        blocked.insert(event.from);
    }
    last = now;
}

}  // namespace

int main() {
    const auto polite = tendril::spawn([] { tendril::sleep(10ms); });
    const auto rude = tendril::spawn([] {
        for (const auto until = used() + 300ms; used() < until;) {
        }
    });
    const tendril::SwitchObserver old = tendril::set_switch_observer(on_switch);
    last = used();
    tendril::join_all({polite, rude});
    tendril::set_switch_observer(old);
    std::printf("rude blocked: %s\n", blocked.contains(rude.id()) ? "True" : "False");
    std::printf("polite blocked: %s\n", blocked.contains(polite.id()) ? "True" : "False");
}
