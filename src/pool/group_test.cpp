// SPDX-License-Identifier: MIT

#include <tendril/group.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/hub.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "context/sanitizer.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

void forever() {
    sleep(never);
}

// Catches kills until it is told not to.
void stubborn(const bool& over) {
    while (!over) {
        try {
            sleep(never);
        } catch (const GreenletExit&) {
        }
    }
}

TENDRIL_TEST(Group, LeavingItsScopeWaits) {
    std::string log;
    {
        Group group;
        for (const char letter : {'a', 'b', 'c'}) {
            group.spawn([&log, letter] {
                yield();
                log += letter;
            });
        }
        EXPECT_EQ(group.size(), 3u);
        EXPECT_EQ(group.members().size(), 3u);
    }
    EXPECT_EQ(log, "abc");
}

TENDRIL_TEST(Group, AnExceptionKillsFirstAlsoWhatIsSpawnedMeanwhile) {
    std::string log;
    struct Spawns {
        Group& group;
        std::string& log;
        ~Spawns() {
            log += 'd';
            group.spawn([this_log = &log] { *this_log += "never"; });
        }
    };
    try {
        Group group;
        group.spawn([&] {
            const Spawns spawns{group, log};
            forever();
        });
        group.spawn([&] { log += "never"; }).cancel();
        yield();
        throw std::runtime_error("out");
    } catch (const std::runtime_error&) {
        log += 'c';
    }
    EXPECT_EQ(log, "dc");
}

TENDRIL_TEST(Group, AnOuterExceptionThatIsInFlightAlreadyDoesNotKill) {
    bool ran = false;
    struct Uses {
        bool& ran;
        ~Uses() {
            Group group;
            group.spawn([this] {
                yield();
                ran = true;
            });
        }
    };
    try {
        const Uses uses{ran};
        throw 1;
    } catch (int) {
    }
    EXPECT_TRUE(ran);
}

TENDRIL_TEST(Group, WaitsForAMemberThatCatchesTheKillAndForOneWhoseDestructorWaits) {
    std::string log;
    struct Waits {
        std::string& log;
        ~Waits() {
            for (int i = 0; i < 5; ++i) {
                yield();
            }
            log += 'w';
        }
    };
    try {
        Group group;
        group.spawn([&] {
            try {
                forever();
            } catch (const GreenletExit&) {
                yield();
                yield();
                log += 'k';
            }
        });
        group.spawn([&] {
            const Waits waits{log};
            forever();
        });
        yield();
        throw 1;
    } catch (int) {
        log += 'e';
    }
    EXPECT_EQ(log, "kwe");
}

TENDRIL_TEST(Group, AKillOfWhoLeavesWaitsUntilTheMembersHaveEnded) {
    std::string log;
    const auto owner = spawn([&] {
        {
            Group group;
            group.spawn([&] {
                sleep(2ms);
                log += 'm';
            });
        }
        log += 'o';
        yield();
        log += "never";
    });
    yield();
    EXPECT_TRUE(owner.kill());
    EXPECT_EQ(log, "mo");
    EXPECT_TRUE(owner.killed());
}

TENDRIL_TEST(Group, DestroyedByOneOfItsMembersIsLeftByIt) {
    std::string log;
    auto group = std::make_unique<Group>();
    const auto other = group->spawn([&] {
        yield();
        log += 'o';
    });
    const auto member = group->spawn([&] {
        group.reset();
        log += 'd';
        yield();
    });
    member.get();
    EXPECT_EQ(log, "od");
    Group next;
    EXPECT_TRUE(next.add(spawn([] {}))) << "and nothing of the old one is left";
}

TENDRIL_TEST(Group, AddAtOddMoments) {
    Group group;
    Group other;
    const auto ended = spawn([] {});
    ended.join();
    EXPECT_TRUE(group.add(ended));
    EXPECT_EQ(group.size(), 0u);

    const auto member = group.spawn(forever);
    EXPECT_TRUE(group.add(member)) << "twice is once";
    EXPECT_EQ(group.size(), 1u);
    EXPECT_THROW(other.add(member), std::logic_error);
    EXPECT_TRUE(group.discard(member));
    EXPECT_FALSE(group.discard(member));
    EXPECT_TRUE(other.add(member));
    member.kill();
    EXPECT_FALSE(group.discard(member));
    EXPECT_THROW(group.add(AnyGreenlet()), std::logic_error);
    EXPECT_FALSE(group.discard(AnyGreenlet()));

    EXPECT_TRUE(group.add(current()));
    EXPECT_THROW(group.join(), std::logic_error);
    EXPECT_THROW(group.join({.raise_error = true}), std::logic_error);
    EXPECT_TRUE(group.discard(current()));
    EXPECT_TRUE(group.join());

    const auto later = spawn_after(1h, [] { ADD_FAILURE(); });
    EXPECT_TRUE(group.add(later));
    EXPECT_TRUE(group.kill()) << "also one that has not begun";
    EXPECT_TRUE(later.killed());
}

TENDRIL_TEST(Group, DiscardInTheMembersOwnBodyAndInALink) {
    Group group;
    std::optional<AnyGreenlet> second;
    const auto first = group.spawn([&] {
        EXPECT_TRUE(group.discard(current()));
        EXPECT_FALSE(group.contains(current()));
        EXPECT_EQ(group.size(), 1u);
    });
    second = group.spawn(forever);
    const Link link = first.link([&](const AnyGreenlet&) { EXPECT_TRUE(group.discard(*second)); });
    EXPECT_TRUE(group.join());
    EXPECT_FALSE(second->ready());
    second->kill();
}

TENDRIL_TEST(Group, ALinkMaySpawnAndSeesTheMemberGone) {
    Group group;
    std::string log;
    const auto first = group.spawn([] {});
    const Link link = first.link([&](const AnyGreenlet&) {
        EXPECT_EQ(group.size(), 0u);
        group.spawn([&] { log += 's'; });
    });
    first.join();
    yield();
    EXPECT_TRUE(group.join());
    EXPECT_EQ(log, "s");
}

TENDRIL_TEST(Group, AMemberThatKillsItsGroupIsTheLastToGo) {
    Group group;
    std::string log;
    const auto note = [&](char letter) {
        struct Notes {
            std::string& log;
            char letter;
            ~Notes() { log += letter; }
        } const notes{log, letter};
        forever();
    };
    group.spawn(note, 'a');
    const auto killer = group.spawn([&] {
        struct Notes {
            std::string& log;
            ~Notes() { log += 'k'; }
        } const notes{log};
        yield();
        group.kill();
        log += "never";
    });
    group.spawn(note, 'b');
    EXPECT_TRUE(group.join());
    EXPECT_EQ(log, "abk");
    EXPECT_TRUE(killer.killed());
}

TENDRIL_TEST(Group, TwoMembersThatKillTheirGroupAtOnce) {
    Group group;
    for (int i = 0; i < 2; ++i) {
        group.spawn([&] { group.kill(); });
    }
    EXPECT_TRUE(group.join());
}

TENDRIL_TEST(Group, KillWithADeadlineAndWithAnError) {
    bool over = false;
    Group group;
    const auto no = group.spawn([&] { stubborn(over); });
    const auto yes = group.spawn(forever);
    yield();
    EXPECT_FALSE(group.kill(1ms));
    EXPECT_TRUE(yes.killed());
    EXPECT_EQ(group.size(), 1u);
    EXPECT_FALSE(group.kill(0s));
    over = true;
    EXPECT_FALSE(group.kill(0s)) << "it has killed that one";
    EXPECT_TRUE(no.kill());
    EXPECT_TRUE(group.kill());

    const auto fails = group.spawn(forever);
    yield();
    EXPECT_TRUE(group.kill(std::make_exception_ptr(std::runtime_error("enough"))));
    EXPECT_THROW(fails.get(), std::runtime_error);
}

TENDRIL_TEST(Group, KillReachesNewcomersAndWaitsForThem) {
    Group group;
    std::optional<Greenlet<void>> newcomer;
    group.spawn([&] {
        try {
            forever();
        } catch (const GreenletExit&) {
            newcomer = group.spawn([] { ADD_FAILURE() << "it began"; });
            throw;
        }
    });
    yield();
    EXPECT_TRUE(group.kill());
    ASSERT_TRUE(newcomer.has_value());
    EXPECT_TRUE(newcomer->killed());
    EXPECT_TRUE(group.empty());
    const auto after = group.spawn([] { return 3; });
    EXPECT_EQ(after.get(), 3) << "the kill is over";
}

TENDRIL_TEST(Group, AKillThatIsBrokenOffLeavesNothingBehind) {
    bool over = false;
    Group group;
    const auto no = group.spawn([&] { stubborn(over); });
    const auto killer = spawn([&] { group.kill(std::make_exception_ptr(GreenletExit())); });
    yield();
    yield();
    killer.kill();
    const auto after = group.spawn([] { return 1; });
    EXPECT_EQ(after.get(), 1);
    over = true;
    EXPECT_TRUE(no.kill());
}

TENDRIL_TEST(Group, JoinTellsThatItBecameEmptyOnce) {
    Group group;
    group.spawn([&] { yield(); });
    const auto joiner = spawn([&] { return group.join(); });
    yield();
    group.join();
    group.spawn(forever);
    EXPECT_TRUE(joiner.get());
    EXPECT_FALSE(group.join(1ms));
    EXPECT_FALSE(with_timeout(1ms, [&] { group.join(); }));
    group.kill();
}

TENDRIL_TEST(Group, JoinCanRethrow) {
    Group group;
    group.spawn([] {
        yield();
        throw std::runtime_error("later");
    });
    group.spawn([] { throw std::invalid_argument("first"); });
    EXPECT_THROW(group.join({.raise_error = true}), std::invalid_argument);
    group.join();
    EXPECT_EQ(testing::take_unhandled(), std::vector<std::string>{"green thread: std::runtime_error: later"});
}

TENDRIL_TEST(Group, WhatASpawnRefusesLeavesNoMember) {
    Group group;
    void (*none)() = nullptr;
    EXPECT_THROW(group.spawn(none), std::invalid_argument);
    EXPECT_THROW(group.spawn(SpawnOptions{.stack_size = 1}, [] {}), std::invalid_argument);
    EXPECT_THROW(group.spawn(SpawnOptions{.stack_size = std::size_t(1) << 62}, [] {}), std::exception);
    EXPECT_EQ(group.size(), 0u);
    EXPECT_EQ(group.apply([](int a, int b) { return a + b; }, 1, 2), 3);
    EXPECT_THROW(group.apply([] { throw std::runtime_error("x"); }), std::runtime_error);
    EXPECT_TRUE(group.join());
}

TENDRIL_TEST(GroupThreads, RefusesOthers) {
    Group group;
    const auto member = group.spawn(forever);
    std::thread([&] {
        EXPECT_THROW(group.spawn([] {}), WrongThread);
        EXPECT_THROW(group.join(), WrongThread);
        EXPECT_THROW(group.kill(), WrongThread);
        EXPECT_THROW(group.add(member), WrongThread);
        EXPECT_THROW(group.discard(member), WrongThread);
        EXPECT_THROW(group.members(), WrongThread);
    }).join();
    EXPECT_FALSE(member.ready());
    group.kill();
}

TEST(GroupDeath, DestroyedByAnotherOsThread) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            auto group = std::make_unique<Group>();
            group->spawn(forever);
            std::thread([&] { group.reset(); }).join();  // which has no hub
        },
        "a Group was destroyed while it had members, and could not wait.*WrongThread");
    EXPECT_DEATH(
        {
            auto group = std::make_unique<Group>();
            group->spawn(forever);
            std::thread([&] {
                yield();
                group.reset();
            }).join();
        },
        "a Group was destroyed while it had members, and could not wait.*WrongThread");
}

TEST(GroupDeath, DestroyedWithMembersInACallback) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            auto group = std::make_unique<Group>();
            group->spawn(forever);
            const auto outside = spawn([] {});
            const Link link = outside.link([&](const AnyGreenlet&) { group.reset(); });
            idle();
        },
        "a Group was destroyed while it had members.*HubBlocked");
}

TEST(GroupDeath, MembersThatCanNeverEnd) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // Members that a kill ends are ended by one kill, and the program continues.
    EXPECT_EXIT(
        {
            {
                Group group;
                group.spawn(forever);
            }
            std::exit(7);
        },
        ::testing::ExitedWithCode(7),
        "a Group was destroyed and waits for its members, which are killed now, for .*LoopExit|nothing can wake");
    EXPECT_DEATH(
        {
            const bool over = false;
            Group group;
            group.spawn([&] { stubborn(over); });
        },
        "a Group was destroyed while it had members, and could not wait");
}

TEST(GroupStatic, OutlivesTheHub) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    std::optional<Group> group;
    bool unwound = false;
    std::thread([&] {
        group.emplace();
        group->spawn([&] {
            struct Notes {
                bool& unwound;
                ~Notes() { unwound = true; }
            } const notes{unwound};
            forever();
        });
        yield();
    }).join();
    EXPECT_TRUE(unwound) << "by the hub's end";
    group.reset();  // on another OS thread, but no member is left to wait for
    EXPECT_EXIT(
        {
            static Group outlives;
            static AnyGreenlet member = outlives.spawn(forever);
            yield();
            std::exit(0);
        },
        ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tendril
