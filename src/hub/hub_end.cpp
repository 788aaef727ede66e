// SPDX-License-Identifier: MIT
//
// How a hub's green threads end with it: they are killed, and have time to clean up for as long as that leads anywhere.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/report.hpp"
#include "hub/grace.hpp"
#include "hub/hub_core.hpp"
#include "hub/new_fiber.hpp"

namespace tendril::detail {

// Kills what is left, the youngest first; then again and again, in any order, for those that caught it and those that
// were spawned since.
void HubCore::end_all() noexcept {
    constexpr std::int64_t longest_pause_ns = 100'000'000;
    constexpr std::int64_t share = 4;  // of the time between two rounds, and of what a round and its kills took
    std::vector<Fiber*> all = fibers();
    for (auto it = all.rbegin(); it != all.rend(); ++it) {
        (*it)->kill(nullptr);
    }
    all = {};
    std::int64_t now = Deadline::now_ns();
    std::int64_t killed = now;
    std::int64_t next_kills = 0;  // 0: those that were killed have not run yet
    std::int64_t pause = 500'000;
    Grace grace(live, now, slept_ns_);
    while (live > 0) {
        const bool ran = !ready.empty();
        let_all_run(std::min(pause, longest_pause_ns));
        now = Deadline::now_ns();
        if (grace.is_over(live, now, slept_ns_)) {
            break;
        }
        if (next_kills == 0) {
            pause = std::max(std::min(pause * 2, longest_pause_ns), ran ? share * (now - killed) : 0);
            next_kills = now + pause;
        } else if (now >= next_kills) {
            killed = now;
            next_kills = 0;
            kill_all();
        }
    }
}

void HubCore::kill_all() noexcept {
    os.stacks.for_each_used([this](StackTop& stack) {
        if (auto* fiber = dynamic_cast<const Fiber*>(stack.owner);
            fiber != nullptr && fiber != callback_fiber && !fiber->ended) {
            const_cast<Fiber*>(fiber)->kill(nullptr);
        }
    });
}

// Each that is ready, once; or until somebody is.
void HubCore::let_all_run(std::int64_t span_ns) noexcept {
    try {
        if (!ready.empty()) {
            yield();
            return;
        }
        Waiter waiter("the end of all green threads");
        all_ended = &waiter;
        waiter.wait(std::chrono::nanoseconds(span_ns));
    } catch (...) {  // somebody killed the main green thread: what for, it is ending
    }
    all_ended = nullptr;
}

void HubCore::abandon_rest() noexcept {
    constexpr std::size_t most_told = 20;
    const std::vector<Fiber*> rest = fibers();
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (i <= most_told) {
            char text[256];
            const std::string one(text, rest[i]->describe(text, sizeof text));
            if (i < most_told || rest.size() == most_told + 1) {
                tendril::detail::report("the hub ends, and this one would not: " + one + "; it is abandoned");
            } else {
                tendril::detail::report("the hub ends, and " + std::to_string(rest.size() - most_told) +
                                        " more would not, the first of them: " + one + "; they are abandoned");
            }
        }
        if (rest[i]->record != nullptr) {
            disown_record(*rest[i]->record);
        }
    }
}

// To handles that outlive the hub it is a killed one.
void disown_record(Record& record) noexcept {
    record.fiber = nullptr;
    record.ending = Ending::killed;
    release_record(&record);
}

}  // namespace tendril::detail
