// SPDX-License-Identifier: MIT
//
// AsyncResult beyond what conformance/result_test.cpp shows: what it may hold, links, and ends in the middle.

#include <tendril/async_result.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(AsyncResult, HoldsNothingMoveOnlyConstAndImmovableThings) {
    AsyncResult<void> nothing;
    nothing.set();
    nothing.get();
    std::move(nothing).get();

    AsyncResult<std::unique_ptr<int>> moves;
    moves.set(new int(1));
    EXPECT_EQ(*moves.get(), 1);
    const std::unique_ptr<int> taken = std::move(moves).get();
    EXPECT_EQ(*taken, 1);

    AsyncResult<const std::string> constant;
    constant.set(3, 'x');
    EXPECT_EQ(constant.get(), "xxx");

    struct Immovable {
        int number;
        explicit Immovable(int n) : number(n) {}
        Immovable(Immovable&&) = delete;
    };
    AsyncResult<Immovable> fixed;
    fixed.set(5);
    EXPECT_EQ(fixed.get().number, 5);
    EXPECT_EQ(&fixed.get(), &fixed.get_nowait());

    AsyncResult<std::exception_ptr> about_an_error;
    about_an_error.set(std::make_exception_ptr(1));
    EXPECT_TRUE(about_an_error.successful());
}

TENDRIL_TEST(AsyncResult, AnRvalueMovesTheValueOutAndAnLvalueCopies) {
    AsyncResult<std::string> result;
    result.set("a text that is too long to be stored inside of a string");
    const std::string copied = result.get();
    EXPECT_EQ(result.get(), copied);
    const std::string moved = AsyncResult<std::string>(result).get();
    EXPECT_EQ(moved, copied);
    EXPECT_TRUE(result.get().empty());
}

TENDRIL_TEST(AsyncResult, DestroysItsValueWithTheLastReference) {
    const auto watched = std::make_shared<int>(1);
    {
        AsyncResult<std::shared_ptr<int>> result;
        const auto copy = result;
        result.set(watched);
        EXPECT_EQ(watched.use_count(), 2);
        { const AsyncResult<std::shared_ptr<int>> moved = std::move(result); }
        EXPECT_EQ(watched.use_count(), 2);
    }
    EXPECT_EQ(watched.use_count(), 1);
    { const AsyncResult<std::shared_ptr<int>> never_set; }
}

// Its constructor may throw, yield, or do anything else.
struct Difficult {
    explicit Difficult(const std::function<void()>& act) { act(); }
};

TENDRIL_TEST(AsyncResult, AConstructorThatThrowsLeavesItUnset) {
    const AsyncResult<Difficult> result;
    const auto waiter = spawn([&] { result.get(); });
    yield();
    EXPECT_THROW(result.set([] { throw std::runtime_error("not today"); }), std::runtime_error);
    EXPECT_FALSE(result.ready());
    EXPECT_FALSE(waiter.join(1ms));
    result.set([] {});
    waiter.get();
}

TENDRIL_TEST(AsyncResult, AConstructorThatYieldsLetsNobodySetItTwice) {
    const AsyncResult<Difficult> result;
    const auto slow = spawn([&] { result.set([] { sleep(1ms); }); });
    yield();
    EXPECT_FALSE(result.ready());
    EXPECT_THROW(result.set([] {}), std::logic_error);
    EXPECT_THROW(result.set_exception(std::runtime_error("no")), std::logic_error);
    slow.get();
    EXPECT_TRUE(result.successful());

    const AsyncResult<Difficult> killed;
    const auto dies = spawn([&] { killed.set([] { sleep(1h); }); });
    yield();
    dies.kill();
    EXPECT_FALSE(killed.ready());
    killed.set([] {});
    killed.get();
}

TENDRIL_TEST(AsyncResult, IsSetInADestructorDuringUnwinding) {
    const AsyncResult<int> result;
    struct Sets {
        const AsyncResult<int>& result;
        ~Sets() { result.set(1); }
    };
    const auto waiter = spawn([&] { return result.get(); });
    const auto dies = spawn([&] {
        const Sets sets{result};
        sleep(1h);
    });
    yield();
    dies.kill();
    EXPECT_EQ(waiter.get(), 1);
}

TENDRIL_TEST(AsyncResult, WakesWhoWaitsInOrderAndNeverSwitches) {
    const AsyncResult<int> result;
    std::string order;
    std::vector<Greenlet<void>> all;
    for (const char name : {'a', 'b', 'c'}) {
        all.push_back(spawn([&, name] {
            result.wait();
            order += name;
        }));
    }
    yield();
    all[1].kill();
    result.set(1);
    EXPECT_EQ(order, "");
    join_all(all);
    EXPECT_EQ(order, "ac");
}

TENDRIL_TEST(AsyncResult, AKillOrATimeoutInGetLeavesTheOthersWaiting) {
    const AsyncResult<int> result;
    const auto dies = spawn([&] { result.get(); });
    const auto late = spawn([&] { return with_timeout(0s, [&] { result.wait(); }); });
    const auto own_deadline = spawn([&] { return result.wait(0s); });
    const auto lives = spawn([&] { return result.get(1h); });
    yield();
    dies.kill();
    EXPECT_TRUE(dies.killed());
    EXPECT_FALSE(late.get());
    EXPECT_FALSE(own_deadline.get());
    result.set(4);
    EXPECT_EQ(lives.get(), 4);
}

TENDRIL_TEST(AsyncResult, TheHandleThatOneWaitsByMayGo) {
    auto handle = std::make_unique<AsyncResult<int>>();
    const AsyncResult<int> other = *handle;
    const auto waiter = spawn([&handle] { return handle->wait(); });
    yield();
    handle.reset();
    other.set(1);
    EXPECT_TRUE(waiter.get());
}

TENDRIL_TEST(AsyncResult, AnInterruptThatWasSetDoesNotUnwindTheAsker) {
    const AsyncResult<int> result;
    result.set_exception(GreenletExit());
    EXPECT_THROW(result.get(), GreenletKilled);
    EXPECT_FALSE(result.successful());
}

TENDRIL_TEST(AsyncResult, AnErrorThatNobodyAsksForIsNotReported) {
    { AsyncResult<int>().set_exception(std::runtime_error("the caller that set it knows")); }
}

TENDRIL_TEST(AsyncResult, RefusesMisuse) {
    AsyncResult<int> result;
    EXPECT_THROW(result.set_exception(nullptr), std::invalid_argument);
    EXPECT_FALSE(result.ready());
    EXPECT_THROW(static_cast<void>(result.link(nullptr)), std::invalid_argument);
    const AsyncResult<int> taken = std::move(result);
    // NOLINTBEGIN(bugprone-use-after-move): that is the misuse
    EXPECT_THROW(result.set(1), std::logic_error);
    EXPECT_THROW(result.set_exception(1), std::logic_error);
    EXPECT_THROW(result.get(), std::logic_error);
    EXPECT_THROW(result.get_nowait(), std::logic_error);
    EXPECT_THROW(result.wait(), std::logic_error);
    EXPECT_THROW(result.exception(), std::logic_error);
    EXPECT_THROW(static_cast<void>(result.link([](const AsyncResult<int>&) {})), std::logic_error);
    EXPECT_THROW(forward(spawn([] { return 1; }), result), std::logic_error);
    EXPECT_FALSE(result.ready() || result.successful());
    // NOLINTEND(bugprone-use-after-move)
    EXPECT_FALSE(result == taken);
}

TENDRIL_TEST(AsyncResultThreads, AForeignOsThreadIsRefused) {
    const AsyncResult<int> result;
    std::thread([&] {
        EXPECT_THROW(result.set(1), WrongThread);
        EXPECT_THROW(result.set_exception(1), WrongThread);
        EXPECT_THROW(result.get(), WrongThread);
        EXPECT_THROW(result.get_nowait(), WrongThread);
        EXPECT_THROW(static_cast<void>(result.wait(0s)), WrongThread);
        EXPECT_THROW(result.exception(), WrongThread);
        const auto g = spawn([] { return 1; });
        EXPECT_THROW(forward(g, result), WrongThread);
        g.join();
    }).join();
    EXPECT_FALSE(result.ready());
}

// Links

TENDRIL_TEST(AsyncResult, ALinkCallbackMaySetAnotherAndDropTheLastReference) {
    std::optional<AsyncResult<int>> first(std::in_place);
    const AsyncResult<int> second;
    std::optional<Link> link = first->link([&](const AsyncResult<int>& result) {
        EXPECT_THROW(result.set(2), std::logic_error) << "it is set";
        second.set(result.get() + 1);
        first.reset();
        EXPECT_EQ(result.get(), 1) << "the callback's own reference keeps it";
        link.reset();
    });
    first->set(1);
    EXPECT_FALSE(second.ready());
    EXPECT_EQ(second.get(), 2);
    EXPECT_FALSE(first.has_value());
}

TENDRIL_TEST(AsyncResult, LinksRunInOrderAndThoseAddedInACallbackLast) {
    const AsyncResult<int> result;
    std::string order;
    const Link a = result.link([&](const auto&) {
        order += 'a';
        result.link([&](const auto&) { order += 'd'; }).keep();
    });
    const Link b = result.link([&](const auto&) { order += 'b'; });
    result.set(1);
    const Link c = result.link([&](const auto&) { order += 'c'; });
    EXPECT_EQ(order, "");
    yield();
    yield();
    EXPECT_EQ(order, "abcd");
}

TENDRIL_TEST(AsyncResult, AnUnlinkDuringTheNotificationIsHonoured) {
    const AsyncResult<int> result;
    int runs = 0;
    Link second;
    const Link first = result.link([&](const auto&) { second.unlink(); });
    second = result.link([&](const auto&) { ++runs; });
    result.set_exception(std::runtime_error("no"));
    yield();
    yield();
    EXPECT_EQ(runs, 0);
}

TENDRIL_TEST(AsyncResult, ALinkThatGoesTakesTheCallbackAndItsReferenceAlong) {
    const auto held = std::make_shared<int>(1);
    {
        const AsyncResult<int> result;
        const Link link = result.link([held](const auto&) {});
    }
    EXPECT_EQ(held.use_count(), 1);
}

TENDRIL_TEST(AsyncResult, ACallbackThatFailsIsReportedAndTheOthersRun) {
    const AsyncResult<int> result;
    int runs = 0;
    const Link bad = result.link([](const auto&) { throw std::runtime_error("bad callback"); });
    const Link waits = result.link([](const auto&) { AsyncResult<int>().get(); });
    const Link good = result.link([&](const auto&) { ++runs; });
    result.set(1);
    yield();
    yield();
    EXPECT_EQ(runs, 1);
    const auto reports = testing::take_unhandled();
    ASSERT_EQ(reports.size(), 2u);
    EXPECT_EQ(reports[0], "link callback of an AsyncResult: std::runtime_error: bad callback");
}

// Forwarding

TENDRIL_TEST(AsyncResult, ForwardMovesWhatCannotBeCopied) {
    const AsyncResult<std::unique_ptr<int>> to;
    forward(spawn([] { return std::make_unique<int>(3); }), to);
    EXPECT_EQ(*to.get(), 3);
    const AsyncResult<void> done;
    forward(spawn([] {}), done);
    done.get();
}

TENDRIL_TEST(AsyncResult, ForwardToOneThatOthersSetMeanwhileIsReported) {
    const AsyncResult<int> to;
    const auto from = spawn([] { return 1; });
    forward(from, to);
    to.set(2);
    from.join();
    yield();
    EXPECT_EQ(to.get(), 2);
    EXPECT_EQ(testing::take_unhandled().size(), 1u);
    EXPECT_THROW(forward(from, to), std::logic_error);
}

TENDRIL_TEST(AsyncResult, ForwardOfAValueThatCannotBeCopiedNowForwardsThatError) {
    struct Grumbles {
        Grumbles() = default;
        Grumbles(const Grumbles&) { throw std::runtime_error("no copies today"); }
        Grumbles(Grumbles&&) = default;
    };
    const AsyncResult<Grumbles> to;
    forward(spawn([] { return Grumbles(); }), to);
    EXPECT_THROW(to.get(1h), std::runtime_error);
}

TENDRIL_TEST(AsyncResult, OneThatNobodyCanSetAnyMoreTakesItsKeptLinksAlong) {
    const auto held = std::make_shared<int>(0);
    {
        const AsyncResult<int> result;
        result.link([held](const AsyncResult<int>&) { ADD_FAILURE() << "it was never set"; }).keep();
    }
    EXPECT_EQ(held.use_count(), 1);
    Link link;
    {
        const AsyncResult<int> result;
        link = result.link([held](const AsyncResult<int>&) {});
    }
    link.unlink();
    EXPECT_EQ(held.use_count(), 1);
}

TEST(AsyncResultThreads, MayBeSetWhenItsHubHasEnded) {
    struct Late {
        std::optional<AsyncResult<int>> result;
        bool* done = nullptr;
        ~Late() {
            result->set(1);  // after the hub, which was made later
            *done = true;
        }
    };
    bool done = false;
    std::thread([&done] {
        static thread_local Late late;
        late.done = &done;
        late.result.emplace();
    }).join();
    EXPECT_TRUE(done);
}

}  // namespace
}  // namespace tendril
