// SPDX-License-Identifier: MIT
//
// How a hub's green threads end with it: they are killed, and may clean up as long as they make progress.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/report.hpp"
#include "hub/grace.hpp"
#include "hub/hub_core.hpp"
#include "hub/new_fiber.hpp"

namespace tendril::detail {

// Kills the green threads that are left, youngest first; then again and again, in any order, those that caught it and
// those spawned since.
void HubCore::end_all() noexcept {
    constexpr std::int64_t longest_pause_ns = 100'000'000;
    constexpr std::int64_t share = 4;  // a pause is at least this many times what the kills and their turn took
    std::vector<Fiber*> all = fibers();
    for (auto it = all.rbegin(); it != all.rend(); ++it) {
        (*it)->kill(nullptr);
    }
    all = {};
    std::int64_t now = Deadline::now_ns();
    std::int64_t killed = now;
    std::int64_t next_kills = 0;  // 0: the killed green threads have not run yet
    std::int64_t pause = 500'000;
    Grace grace(live - outliving, now, slept_ns_);
    while (live > outliving) {
        const bool ran = !ready.empty();
        let_all_run(std::min(pause, longest_pause_ns));
        now = Deadline::now_ns();
        if (grace.is_over(live - outliving, now, slept_ns_)) {
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

// Lets each ready green thread run once; without one, waits until all have ended, span_ns at most.
void HubCore::let_all_run(std::int64_t span_ns) noexcept {
    try {
        if (!ready.empty()) {
            yield();
            return;
        }
        Waiter waiter("the end of all green threads");
        all_ended = &waiter;
        waiter.wait(std::chrono::nanoseconds(span_ns));
    } catch (...) {  // the main green thread was killed: ignored, it is ending anyway
    }
    all_ended = nullptr;
}

// Runs the Cleanup watchers, on this stack; also those that they start.
void HubCore::run_cleanups() noexcept {
    while (LoopEvent* last = cleanup_watchers.pop_back()) {
        last->due();
    }
}

void HubCore::abandon_rest() noexcept {
    constexpr std::size_t most_told = 20;
    std::vector<Fiber*> rest = fibers();
    std::erase_if(rest, [](const Fiber* each) {
        if (each->outlives_hub && each->record != nullptr) {
            disown_record(*each->record);
        }
        return each->outlives_hub;
    });
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (i <= most_told) {
            char text[256];
            const std::string one(text, rest[i]->describe(text, sizeof text));
            if (i < most_told || rest.size() == most_told + 1) {
                tendril::detail::report("the hub ends, but this one did not: " + one + "; it is abandoned");
            } else {
                tendril::detail::report("the hub ends, but " + std::to_string(rest.size() - most_told) +
                                        " more did not, the first of them: " + one + "; they are abandoned");
            }
        }
        if (rest[i]->record != nullptr) {
            disown_record(*rest[i]->record);
        }
    }
}

void disown_record(Record& record) noexcept {
    record.fiber = nullptr;
    record.ending = Ending::killed;
    release_record(&record);
}

}  // namespace tendril::detail
