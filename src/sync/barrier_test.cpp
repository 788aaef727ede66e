// SPDX-License-Identifier: MIT

#include <tendril/barrier.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// How a call ended.
template <class F>
std::string ending(F f) {
    try {
        f();
        return "done";
    } catch (const BrokenBarrier&) {
        return "broken";
    } catch (const std::logic_error&) {
        return "misuse";
    } catch (const std::runtime_error& e) {
        return e.what();
    }
}

TENDRIL_TEST(Barrier, AllGoOnTogetherPhaseAfterPhaseEachWithANumberOfItsOwn) {
    constexpr std::size_t parties = 5;
    constexpr int phases = 20;
    Barrier barrier(parties);
    std::vector<int> reached(parties);
    std::vector<std::vector<std::size_t>> numbers(phases);
    std::vector<Greenlet<void>> all;
    for (std::size_t i = 0; i < parties; ++i) {
        all.push_back(spawn([&, i] {
            for (int phase = 0; phase < phases; ++phase) {
                reached[i] = phase;
                numbers[phase].push_back(barrier.wait());
                for (const int other : reached) {
                    EXPECT_TRUE(other == phase || other == phase + 1) << "one is behind, or two phases ahead";
                }
            }
        }));
    }
    join_all(all);
    for (auto& each : numbers) {
        std::sort(each.begin(), each.end());
        EXPECT_EQ(each, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
    }
    EXPECT_EQ(barrier.waiting(), 0u);
    EXPECT_EQ(barrier.parties(), parties);
}

TENDRIL_TEST(Barrier, OnePartyNeverWaits) {
    int acted = 0;
    Barrier barrier(1, [&] { ++acted; });
    EXPECT_EQ(barrier.wait(), 0u);
    EXPECT_EQ(barrier.wait(0s), 0u) << "the last party does not wait, whatever its deadline";
    EXPECT_EQ(acted, 2);
}

TENDRIL_TEST(Barrier, RefusesNoParties) {
    EXPECT_THROW(Barrier(0), std::invalid_argument);
    EXPECT_THROW(Barrier(-1), std::invalid_argument);
}

TENDRIL_TEST(Barrier, ADeadlineAKillAndATimeoutWithdraw) {
    Barrier barrier(2);
    EXPECT_FALSE(barrier.wait(0s));
    EXPECT_FALSE(barrier.wait(1ms));
    EXPECT_FALSE(with_timeout(1ms, [&] { barrier.wait(); }));
    const auto killed = spawn([&] { barrier.wait(); });
    yield();
    EXPECT_EQ(barrier.waiting(), 1u);
    killed.kill();
    EXPECT_EQ(barrier.waiting(), 0u);
    EXPECT_FALSE(barrier.broken());

    const auto first = spawn([&] { return barrier.wait(); });
    yield();
    EXPECT_FALSE(first.ready()) << "those that withdrew are not counted";
    EXPECT_EQ(barrier.wait(), 1u);
    EXPECT_EQ(first.get(), 0u) << "nor do they leave a gap in the numbers";
}

// A party that is killed, and has not run to withdraw when the last one comes, does not count.
TENDRIL_TEST(Barrier, OneThatIsKilledJustNowIsNotCounted) {
    Barrier barrier(2);
    const auto killed = spawn([&] { barrier.wait(); });
    yield();
    killed.kill_nowait();
    EXPECT_FALSE(barrier.wait(0s)) << "the killed one was counted";
    EXPECT_TRUE(killed.join() && killed.killed());
    const auto other = spawn([&] { return barrier.wait(); });
    yield();
    EXPECT_EQ(barrier.wait(), 1u);
    EXPECT_EQ(other.get(), 0u);
}

TENDRIL_TEST(Barrier, AKillAfterTheLastHasComeIsTooLateForTheWait) {
    Barrier barrier(2);
    bool passed = false;
    const auto first = spawn([&] {
        barrier.wait();
        passed = true;
        yield();
        ADD_FAILURE() << "the kill was lost";
    });
    yield();
    barrier.wait();
    first.kill_nowait();
    first.join();
    EXPECT_TRUE(passed && first.killed());
    EXPECT_FALSE(barrier.wait(0s));
}

TENDRIL_TEST(Barrier, TheLastRunsTheActionBeforeAnyoneGoesOn) {
    std::string log;
    Barrier barrier(2, [&] {
        log += '(';
        yield();
        yield();
        log += ')';
    });
    const auto first = spawn([&] {
        barrier.wait();
        log += 'a';
        barrier.wait();
    });
    yield();
    const auto early = spawn([&] {  // comes while the action runs
        barrier.wait();
        log += 'c';
    });
    barrier.wait();
    log += 'b';
    join_all(std::vector{first, early});
    EXPECT_EQ(log, "()ba()c") << "the second phase is of the two that came to it";
}

TENDRIL_TEST(Barrier, AnActionThatThrowsBreaksIt) {
    Barrier barrier(2, [] { throw std::runtime_error("no disk"); });
    const auto first = spawn([&] { return ending([&] { barrier.wait(); }); });
    yield();
    EXPECT_EQ(ending([&] { barrier.wait(); }), "no disk");
    EXPECT_EQ(first.get(), "broken");
    EXPECT_TRUE(barrier.broken());
    EXPECT_EQ(ending([&] { barrier.wait(); }), "broken");
}

TENDRIL_TEST(Barrier, AKillAndATimeoutInTheActionBreakIt) {
    Barrier barrier(2, [] { sleep(1h); });
    const auto wait = [&] { return ending([&] { barrier.wait(); }); };
    const auto first = spawn(wait);
    const auto acts = spawn(wait);
    yield();
    const auto early = spawn(wait);
    yield();
    acts.kill();
    EXPECT_TRUE(acts.killed());
    EXPECT_EQ(first.get(), "broken");
    EXPECT_EQ(early.get(), "broken");
    barrier.reset();
    EXPECT_FALSE(barrier.broken());

    const auto second = spawn(wait);
    yield();
    EXPECT_FALSE(with_timeout(1ms, [&] { barrier.wait(); }));
    EXPECT_EQ(second.get(), "broken");
}

// A party that leaves while the action runs has come: the action is for a phase that was complete.
TENDRIL_TEST(Barrier, OneThatLeavesDuringTheActionHoldsNobodyUp) {
    bool go = false;
    Barrier barrier(2, [&] {
        while (!go) {
            yield();
        }
    });
    const auto first = spawn([&] { barrier.wait(); });
    yield();
    const auto acts = spawn([&] { return barrier.wait(); });
    const auto early = spawn([&] { return barrier.wait(1ms).has_value(); });
    yield();
    first.kill();
    EXPECT_FALSE(early.get()) << "its deadline holds there too";
    go = true;
    EXPECT_EQ(acts.get(), 0u);
    EXPECT_EQ(barrier.waiting(), 0u);
}

TENDRIL_TEST(Barrier, AbortBreaksUntilTheReset) {
    Barrier barrier(3);
    const auto wait = [&] { return ending([&] { barrier.wait(); }); };
    const auto a = spawn(wait);
    const auto b = spawn(wait);
    yield();
    barrier.abort();
    barrier.abort();
    EXPECT_FALSE(a.ready()) << "it never switches";
    EXPECT_EQ(a.get() + b.get(), "brokenbroken");
    EXPECT_EQ(wait(), "broken");
    EXPECT_EQ(ending([&] { (void)barrier.wait(1ms); }), "broken");
    barrier.reset();
    const auto c = spawn(wait);
    const auto d = spawn(wait);
    yield();
    EXPECT_EQ(barrier.wait(), 2u);
    EXPECT_EQ(c.get() + d.get(), "donedone");
}

TENDRIL_TEST(Barrier, ResetEndsTheWaitsAndCountsAnew) {
    Barrier barrier(2);
    const auto wait = [&] { return ending([&] { barrier.wait(); }); };
    const auto a = spawn(wait);
    yield();
    barrier.reset();
    const auto b = spawn(wait);
    yield();
    EXPECT_EQ(a.get(), "broken") << "it was of the phase before";
    EXPECT_FALSE(b.ready());
    EXPECT_EQ(barrier.wait(), 1u);
    EXPECT_EQ(b.get(), "done");
}

TENDRIL_TEST(Barrier, AbortAndResetDuringTheActionReachItsParty) {
    for (const bool reset : {false, true}) {
        bool go = false;
        Barrier barrier(2, [&] {
            while (!go) {
                yield();
            }
        });
        const auto wait = [&] { return ending([&] { barrier.wait(); }); };
        const auto first = spawn(wait);
        const auto acts = spawn(wait);
        const auto early = spawn(wait);
        yield();
        yield();
        reset ? barrier.reset() : barrier.abort();
        go = true;
        EXPECT_EQ(acts.get(), "broken");
        EXPECT_EQ(first.get(), "broken");
        EXPECT_EQ(early.get(), "broken");
        EXPECT_EQ(barrier.broken(), !reset);
    }
}

TENDRIL_TEST(Barrier, TheActionMustNotWaitAtItsBarrier) {
    std::string inside;
    Barrier* self = nullptr;
    Barrier barrier(1, [&] { inside = ending([&] { self->wait(); }); });
    self = &barrier;
    barrier.wait();
    EXPECT_EQ(inside, "misuse");
}

TENDRIL_TEST(Barrier, DroppingOutCompletesThePhase) {
    int acted = 0;
    Barrier barrier(3, [&] { ++acted; });
    const auto wait = [&] { return barrier.wait(); };
    const auto a = spawn(wait);
    const auto b = spawn(wait);
    yield();
    barrier.arrive_and_drop();
    EXPECT_EQ(acted, 1);
    EXPECT_EQ(a.get(), 0u);
    EXPECT_EQ(b.get(), 1u);
    EXPECT_EQ(barrier.parties(), 2u);
    barrier.arrive_and_drop();
    EXPECT_EQ(barrier.wait(), 0u);
    barrier.arrive_and_drop();
    EXPECT_EQ(acted, 2) << "nobody waits";
    EXPECT_THROW(barrier.arrive_and_drop(), std::logic_error);
    EXPECT_THROW(barrier.wait(), std::logic_error);
}

// Those that it has woken run later, and find its memory in other use.
TENDRIL_TEST(Barrier, MayGoOnceItHasWokenThemAll) {
    const auto in_other_use = [](const auto& bytes) {
        return std::all_of(bytes.begin(), bytes.end(), [](std::byte each) { return each == std::byte{0}; });
    };
    for (const bool aborted : {false, true}) {
        alignas(Barrier) std::array<std::byte, sizeof(Barrier)> memory;
        auto* const barrier = ::new (memory.data()) Barrier(2);
        const auto party = spawn([&] { return ending([&] { barrier->wait(); }); });
        yield();
        aborted ? barrier->abort() : static_cast<void>(barrier->wait());
        std::destroy_at(barrier);
        memory.fill(std::byte{0});
        EXPECT_EQ(party.get(), aborted ? "broken" : "done");
        EXPECT_TRUE(in_other_use(memory));
    }
    alignas(Barrier) std::array<std::byte, sizeof(Barrier)> memory;
    auto* const barrier = ::new (memory.data()) Barrier(2);
    const auto killed = spawn([&] { barrier->wait(); });
    yield();
    killed.kill_nowait();
    std::destroy_at(barrier);
    memory.fill(std::byte{0});
    killed.join();
    EXPECT_TRUE(in_other_use(memory));
}

void destroy_while_waited_for() {
    auto barrier = std::make_unique<Barrier>(2);
    spawn_n([&] { barrier->wait(); });
    yield();
    barrier.reset();
}

TEST(Barrier, DestroyedWhileSomebodyWaitsAborts) {
    EXPECT_DEATH(destroy_while_waited_for(), "a Barrier was destroyed while green threads waited for it: [0-9]+");
}

}  // namespace
}  // namespace tendril
