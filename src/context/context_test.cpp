// SPDX-License-Identifier: MIT
//
// Contexts beyond the conformance rows: handles, options, resources.

#include <tendril/context.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "context/os_thread.hpp"

namespace tendril {
namespace {

std::any nothing(std::any) {
    return {};
}

TEST(Context, RefusesWhatCannotRun) {
    EXPECT_THROW(Context(Context::Function{}), std::invalid_argument);
    EXPECT_THROW(Context(nothing, {.stack_size = 1}), std::invalid_argument);
    EXPECT_THROW(Context(nothing, {.stack_size = std::size_t{2} << 30}), std::invalid_argument);
}

TEST(Context, AnEmptyHandleIsDead) {
    const ContextRef empty;
    EXPECT_TRUE(empty.dead());
    EXPECT_FALSE(empty.started());
    EXPECT_FALSE(empty);
    EXPECT_EQ(empty.id(), 0u);
    EXPECT_EQ(empty.parent(), ContextRef());
}

TEST(Context, TheRootHasNoParentAndNeverEnds) {
    const ContextRef root = current_context();
    EXPECT_TRUE(root.started());
    EXPECT_FALSE(root.dead());
    EXPECT_EQ(root.parent(), ContextRef());
    EXPECT_EQ(root, current_context());
}

TEST(Context, ItsParentIsItsMakerAlsoWhenItHasEnded) {
    Context context(nothing);
    EXPECT_EQ(context.parent(), current_context());
    context.switch_to();
    EXPECT_EQ(context.parent(), current_context());
}

TEST(Context, MovingKeepsTheIdentity) {
    Context a(nothing);
    const ContextRef ref = a;
    Context b = std::move(a);
    EXPECT_EQ(b, ref);
    EXPECT_TRUE(a.dead());  // NOLINT: what was moved from is empty
    EXPECT_NE(b.id(), 0u);
    b.switch_to();
    EXPECT_TRUE(ref.dead());
}

TEST(Context, DropsItsFunctionWhenItEnds) {
    auto held = std::make_shared<int>(0);
    Context ended([held](std::any) { return std::any(); });
    Context fresh([held](std::any) { return std::any(); });
    EXPECT_EQ(held.use_count(), 3);
    ended.switch_to();
    EXPECT_EQ(held.use_count(), 2);
    fresh = Context();
    EXPECT_EQ(held.use_count(), 1);
}

TEST(Context, GivesItsStackBackWhenItEnds) {
    detail::StackPool& stacks = detail::OsThread::current().stacks;
    const std::size_t before = stacks.used();
    {
        Context fresh(nothing);
        EXPECT_EQ(stacks.used(), before);  // it has no stack until it begins
        Context suspended([](std::any) { return current_context().parent().switch_to(); });
        suspended.switch_to();
        EXPECT_EQ(stacks.used(), before + 1);
        fresh.switch_to();
        EXPECT_EQ(stacks.used(), before + 1);
    }
    EXPECT_EQ(stacks.used(), before);
}

// A hub gives stacks back after a while; without a hub, the number of contexts that end serves as the clock.
TEST(Context, WithoutAHubABurstLeavesFewStacks) {
    std::thread([] {
        constexpr std::size_t many = 5000;
        const detail::StackPool& stacks = detail::OsThread::current().stacks;
        {
            std::vector<Context> all;
            for (std::size_t i = 0; i < many; ++i) {
                all.emplace_back([](std::any) { return current_context().parent().switch_to(); });
                all.back().switch_to();
            }
            EXPECT_EQ(stacks.used(), many);
        }
        EXPECT_EQ(stacks.used(), 0u);
        EXPECT_LE(stacks.free(), many / 2);
    }).join();
}

// A chain in which each makes the next and ends must not keep all its records: the last one's parent is the root.
TEST(Context, ALongLineOfHeirsIsNotKept) {
    const ContextRef root = current_context();
    auto held = std::make_shared<int>(0);
    Context now(nothing);
    for (int i = 0; i < 1000; ++i) {
        Context next;
        Context maker([&, held](std::any) {
            next = Context(nothing);
            return std::any(held);
        });
        maker.switch_to();
        now = std::move(next);
    }
    EXPECT_EQ(held.use_count(), 1);
    now.switch_to();
    EXPECT_EQ(now.parent(), root);
}

TEST(Context, AValueThatWasRefusedIsNotDeliveredLater) {
    Context context([](std::any) {
        EXPECT_THROW(current_context().switch_to(1), std::logic_error);
        return current_context().parent().switch_to();
    });
    context.switch_to();
    EXPECT_EQ(std::any_cast<int>(context.switch_to(2)), 2);
}

TEST(Context, ThrowingNothingIsRefused) {
    Context context([](std::any value) { return value; });
    EXPECT_THROW(context.throw_into(nullptr), std::invalid_argument);
    EXPECT_FALSE(context.dead());
}

}  // namespace
}  // namespace tendril
