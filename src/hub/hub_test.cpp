// SPDX-License-Identifier: MIT
//
// The hub: LoopExit, the dump, errors that nobody sees, fairness, and what it refuses.

#include <tendril/hub.hpp>

#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>

#include "base/report.hpp"
#include "base/sys.hpp"
#include "green_test.hpp"
#include "hub/hub_core.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// Runs f as the main green thread of an OS thread of its own.
void as_main(void (*f)()) {
    std::thread(f).join();
}

TEST(HubLoopExit, NamesEveryBlockedGreenThreadAndTheProgramGoesOn) {
    as_main([] {
        const auto sleeper = spawn({.name = "sleeper"}, [] { sleep(never); });
        const std::string line = std::to_string(__LINE__ - 1);
        const auto asker = spawn([&] { sleeper.join(); });
        try {
            asker.join();
            ADD_FAILURE() << "it ended";
        } catch (const LoopExit& e) {
            const std::string text = e.what();
            EXPECT_TRUE(
                contains(text, "green thread " + std::to_string(current().id()) + " waits in join, the main one"))
                << text;
            EXPECT_TRUE(contains(text, "\"sleeper\" waits in sleep, spawned at ")) << text;
            EXPECT_TRUE(contains(text, "hub_test.cpp:" + line + " by ")) << text;
            EXPECT_TRUE(contains(text, "green thread " + std::to_string(asker.id()) + " waits in join, spawned at "))
                << text;
        }
        EXPECT_TRUE(sleeper.kill());
        EXPECT_TRUE(asker.join());
        sleep(1ms);
    });
}

TEST(HubLoopExit, CountsThoseThatAreAlike) {
    std::string text;
    std::thread([&] {
        for (int i = 0; i < 500; ++i) {
            spawn_n([] { sleep(never); });
        }
        spawn_n([] {
            idle();
            sleep(never);
        });
        try {
            sleep(never);
        } catch (const LoopExit& e) {
            text = e.what();
        }
    }).join();
    EXPECT_NE(text.find(", the main one"), std::string::npos) << text;
    EXPECT_NE(text.find("  and 477 more: waits in sleep, spawned at "), std::string::npos) << text;
    EXPECT_NE(text.find("  and 1 more: waits in sleep, spawned at "), std::string::npos) << text;
    EXPECT_NE(text.find("; the first is green thread "), std::string::npos) << text;
    EXPECT_LT(text.size(), 6000u);
}

TEST(HubLoopExit, IsThrownEvenInAShield) {
    as_main([] {
        const Shield shield;
        EXPECT_THROW(sleep(never), LoopExit);
    });
}

TEST(HubLoopExit, IsNotThrownWhileATimerCanWakeTheMainOne) {
    as_main([] {
        const AnyGreenlet me = current();
        const auto waker = spawn_after(2ms, [me] { me.kill_nowait(); });
        EXPECT_THROW(sleep(never), GreenletExit);
        waker.join();
    });
}

TEST(HubLoopExitDeathTest, UncaughtItEndsTheProgramAndSaysWhy) {
    const auto uncaught = []() noexcept { sleep(never); };
    EXPECT_EXIT(uncaught(), ::testing::KilledBySignal(SIGABRT), "waits in sleep, the main one");
}

TEST(HubLoopExitDeathTest, InADestructorDuringUnwindingItCannotBeThrown) {
    struct Waits {
        ~Waits() { sleep(never); }
    };
    const auto unwind = [] {
        try {
            const Waits waits;
            throw 1;
        } catch (int) {
        }
    };
    EXPECT_EXIT(unwind(), ::testing::KilledBySignal(SIGABRT), "waits while it unwinds, and: .*LoopExit");
}

TENDRIL_TEST(HubDump, SaysWhatEachOneDoes) {
    const auto later = spawn_after({.name = "later"}, 1h, [] {});
    const auto fresh = spawn({.name = "fresh"}, [] {});
    const auto dump = [] {
        std::ostringstream text;
        Hub::current().dump(text);
        return text.str();
    };
    const std::string text = dump();
    EXPECT_TRUE(contains(text, "\"later\" waits for its start")) << text;
    EXPECT_TRUE(contains(text, "\"fresh\" is ready to begin")) << text;
    EXPECT_TRUE(contains(text, "\"test body\" runs")) << text;
    EXPECT_TRUE(contains(text, " waits in join, the main one")) << text;
    const auto yielding = spawn({.name = "yielding"}, [] { yield(); });
    yield();
    EXPECT_TRUE(contains(dump(), "\"yielding\" is ready,")) << dump();
    later.cancel();
    join_all(std::vector<AnyGreenlet>{later, fresh, yielding});
}

// Errors that nobody sees.

struct Report {
    std::uint64_t id;
    std::string name;
    int line;
    std::string activity;
};

TENDRIL_TEST(HubErrorHandler, HearsOfAnErrorWhoseHandleWasDroppedBeforeTheEnd) {
    std::vector<Report> reports;
    Hub::current().set_error_handler([&](const ErrorContext& c, const std::exception_ptr& error) {
        reports.push_back({c.greenlet, std::string(c.name), c.where.line, std::string(c.activity)});
        EXPECT_THROW(std::rethrow_exception(error), std::range_error);
    });
    std::uint64_t id = 0;
    int line = 0;
    {
        const auto g = spawn({.name = "dropped"}, [] { throw std::range_error("unseen"); });
        id = g.id();
        line = g.where().line;
    }
    yield();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].id, id);
    EXPECT_EQ(reports[0].name, "dropped");
    EXPECT_EQ(reports[0].line, line);
    EXPECT_EQ(reports[0].activity, "green thread");
    spawn_n([] { throw std::range_error("without a handle"); });
    yield();
    ASSERT_EQ(reports.size(), 2u);
    EXPECT_EQ(reports[1].line, __LINE__ - 3);
}

TENDRIL_TEST(HubErrorHandler, HearsOfAnErrorWhenTheLastHandleIsDroppedUnread) {
    auto g = spawn([] { throw std::runtime_error("unread"); });
    auto copy = g;
    g.join();
    g = {};
    EXPECT_TRUE(testing::take_unhandled().empty());
    copy = {};
    EXPECT_EQ(testing::take_unhandled(), std::vector<std::string>{"green thread: std::runtime_error: unread"});
}

TENDRIL_TEST(HubErrorHandler, DoesNotHearOfWhatSomebodySawNorOfKills) {
    const auto fail = [] { throw std::runtime_error("seen"); };
    EXPECT_THROW(spawn(fail).get(), std::runtime_error);
    {
        const auto g = spawn(fail);
        g.join();
        EXPECT_NE(g.exception(), nullptr);
    }
    EXPECT_THROW(join_all(std::vector{spawn(fail)}, {.raise_error = true}), std::runtime_error);
    bool linked = false;
    spawn(fail).link_exception([&](const AnyGreenlet& g) { linked = g.exception() != nullptr; }).keep();
    spawn([] { sleep(1h); }).kill();
    spawn_n([] { current().kill_nowait(); });
    yield();
    yield();
    EXPECT_TRUE(linked);
}

TENDRIL_TEST(HubErrorHandler, MayThrowAndNothingElseSuffers) {
    Hub::current().set_error_handler(
        [](const ErrorContext&, const std::exception_ptr& error) { std::rethrow_exception(error); });
    ::testing::internal::CaptureStderr();
    spawn_n([] { throw std::runtime_error("twice"); });
    yield();
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(contains(text, "the hub's error handler threw")) << text;
    EXPECT_TRUE(contains(text, "twice")) << text;
}

TENDRIL_TEST(HubErrorHandler, MustNotWaitButMaySpawnAndSetAnother) {
    std::string order;
    Hub::current().set_error_handler([&order](const ErrorContext&, const std::exception_ptr&) {
        EXPECT_THROW(sleep(1ms), HubBlocked);
        EXPECT_THROW(yield(), HubBlocked);
        EXPECT_THROW(spawn([] {}).join(), HubBlocked);
        spawn_n([&order] { order += "spawned "; });
        Hub::current().set_error_handler(
            [&order](const ErrorContext&, const std::exception_ptr&) { order += "another "; });
        order += "first ";
    });
    for (int i = 0; i < 2; ++i) {
        spawn_n([] { throw 1; });
        yield();
    }
    EXPECT_EQ(order, "first spawned another ");
    yield();
}

TENDRIL_TEST(HubErrorHandler, WithoutOneALineGoesToStandardError) {
    Hub::current().set_error_handler(nullptr);
    ::testing::internal::CaptureStderr();
    spawn({.name = "unlucky"}, [] { throw std::runtime_error("out of luck"); });
    yield();
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(contains(text, "\"unlucky\", spawned at ")) << text;
    EXPECT_TRUE(contains(text, "hub_test.cpp:")) << text;
    EXPECT_TRUE(contains(text, "std::runtime_error: out of luck\n")) << text;
}

TENDRIL_TEST(HubFairness, OneThatOnlyYieldsStarvesNoDescriptor) {
    detail::HubCore& hub = detail::HubCore::here();
    const int fd = sys::eventfd();
    detail::Descriptor& d = hub.descriptors.open(fd);
    d.drained(detail::Direction::read);
    bool done = false;
    const auto reader = spawn([&] {
        EXPECT_EQ(hub.descriptors.wait(d, detail::Direction::read, "the test", never), detail::Outcome::signalled);
        done = true;
    });
    const auto writer = spawn_after(1ms, [fd] {
        const std::uint64_t one = 1;
        EXPECT_EQ(sys::write(fd, &one, sizeof one), ssize_t{sizeof one});
    });
    while (!done) {
        yield();
    }
    join_all(std::vector{reader, writer});
    hub.descriptors.close(d);
}

// Each ends as soon as it has spawned its successor: nobody ever yields or waits.
TENDRIL_TEST(HubFairness, ShortOnesThatSpawnTheirSuccessorsStarveNoTimer) {
    bool over = false;
    struct Successor {
        bool& over;
        void operator()() const {
            if (!over) {
                spawn_n(Successor{over});
            }
        }
    };
    spawn_n(Successor{over});
    sleep(1ms);
    over = true;
    yield();  // the last one
}

// In an OS thread whose hub has none of its own: the fixture's has one.
std::string error_told_to(const std::function<void()>& prepare) {
    std::string told;
    Hub::set_error_handler_for_all([&](const ErrorContext& context, const std::exception_ptr& error) {
        told = std::string(context.name) + ": " + detail::describe(error);
    });
    std::thread([&] {
        prepare();
        spawn_n({.name = "failing"}, [] { throw std::runtime_error("on purpose"); });
        Hub::current().run_until_idle();
    }).join();
    Hub::set_error_handler_for_all(nullptr);
    return told;
}

TENDRIL_TEST(HubErrorHandlerThreads, OneForAllHubsThatHaveNoneOfTheirOwn) {
    EXPECT_EQ(error_told_to([] {}), "failing: std::runtime_error: on purpose");
    std::string own;
    EXPECT_EQ(error_told_to([&] {
                  Hub::current().set_error_handler(
                      [&](const ErrorContext&, const std::exception_ptr&) { own = "own"; });
              }),
              "");
    EXPECT_EQ(own, "own");
}

}  // namespace
}  // namespace tendril
