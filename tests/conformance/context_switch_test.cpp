// SPDX-License-Identifier: MIT
//
// Conformance, rows TA01, TA02 and TA11 to TA16: who runs next, and with what value.

#include <tendril/context.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tendril {
namespace {

using Strings = std::vector<std::string>;

int number(const std::any& value) {
    return std::any_cast<int>(value);
}

TEST(ConformanceA, TA01_RunsOnlyWhenResumed) {
    std::vector<int> order;
    Context context([&](std::any) {
        order.push_back(2);
        current_context().parent().switch_to();
        order.push_back(4);
        return std::any();
    });
    EXPECT_FALSE(context.started());
    order.push_back(1);
    context.switch_to();
    EXPECT_TRUE(context.started());
    EXPECT_FALSE(context.dead());
    order.push_back(3);
    context.switch_to();
    order.push_back(5);
    EXPECT_TRUE(context.dead());
    EXPECT_EQ(order, (std::vector{1, 2, 3, 4, 5}));
}

TEST(ConformanceA, TA02_ValuesTravelToTheRightParty) {
    const ContextRef root = current_context();
    ContextRef second;
    Strings seen;
    Context first([&](std::any argument) {
        seen.push_back("first got " + std::any_cast<std::string>(argument));
        seen.push_back("first got " + std::any_cast<std::string>(second.switch_to(std::string("a"))));
        return std::any(std::string("first's result"));
    });
    Context other([&](std::any argument) {
        seen.push_back("second got " + std::any_cast<std::string>(argument));
        seen.push_back("second got " + std::any_cast<std::string>(first.switch_to(std::string("b"))));
        return std::any(std::string("second's result"));
    });
    second = other;
    seen.push_back("root got " + std::any_cast<std::string>(first.switch_to(std::string("x"))));
    EXPECT_FALSE(other.dead());
    seen.push_back("root got " + std::any_cast<std::string>(other.switch_to(std::string("y"))));
    EXPECT_EQ(seen, (Strings{"first got x", "second got a", "first got b", "root got first's result", "second got y",
                             "root got second's result"}));
    EXPECT_EQ(current_context(), root);
}

TEST(ConformanceA, TA02_StartsAnotherFromInside) {
    Context outer([](std::any argument) {
        Context inner([](std::any n) {
            const int doubled = number(current_context().parent().switch_to(number(n) * 2));
            return std::any(doubled + 1);
        });
        EXPECT_EQ(inner.parent(), current_context());
        const int first = number(inner.switch_to(argument));
        const int second = number(inner.switch_to(first + 100));
        return std::any(second);
    });
    EXPECT_EQ(number(outer.switch_to(20)), 141);
}

TEST(ConformanceA, TA02_SwitchesAcrossGenerations) {
    const ContextRef root = current_context();
    std::optional<Context> grandchild;
    Context child([&](std::any) {
        grandchild.emplace([&](std::any) {
            EXPECT_EQ(number(root.switch_to(1)), 2);  // past its parent, which stays suspended
            return std::any(3);
        });
        EXPECT_EQ(number(grandchild->switch_to()), 3);
        return std::any(4);
    });
    EXPECT_EQ(number(child.switch_to()), 1);
    EXPECT_EQ(number(grandchild->switch_to(2)), 4);
    EXPECT_TRUE(child.dead());
    EXPECT_TRUE(grandchild->dead());
}

TEST(ConformanceA, TA11_ExitIsANormalEnd) {
    Context context([](std::any) {
        current_context().parent().switch_to();
        ADD_FAILURE() << "it went on after a ContextExit";
        return std::any(1);
    });
    context.switch_to();
    EXPECT_FALSE(context.throw_into(std::make_exception_ptr(ContextExit())).has_value());
    EXPECT_TRUE(context.dead());
}

TEST(ConformanceA, TA11_AnyOtherExceptionIsAFailureWithItsValue) {
    Context context([](std::any) -> std::any { throw 42; });
    try {
        context.switch_to();
        FAIL() << "nothing was thrown";
    } catch (int value) {
        EXPECT_EQ(value, 42);
    }
    EXPECT_TRUE(context.dead());
}

TEST(ConformanceA, TA12_ThrowIntoAFreshOneNeverRunsIt) {
    bool ran = false;
    Context outer([&](std::any) {
        Context fresh([&](std::any) {
            ran = true;
            return std::any();
        });
        EXPECT_THROW(fresh.throw_into(std::make_exception_ptr(std::out_of_range("here"))), std::out_of_range);
        EXPECT_TRUE(fresh.dead());
        EXPECT_FALSE(fresh.started());
        return std::any();
    });
    outer.switch_to();
    EXPECT_FALSE(ran);
}

// To the one that made it, which need not be the one that throws.
TEST(ConformanceA, TA12_ThrowGoesToTheMaker) {
    std::optional<Context> fresh;
    std::optional<Context> ended;
    Context maker([&](std::any) {
        fresh.emplace([](std::any) { return std::any(); });
        ended.emplace([](std::any) { return std::any(); });
        ended->switch_to();
        const ContextRef root = current_context().parent();
        EXPECT_THROW(root.switch_to(), std::out_of_range);
        EXPECT_THROW(root.switch_to(), std::length_error);
        return std::any();
    });
    maker.switch_to();
    fresh->throw_into(std::make_exception_ptr(std::out_of_range("for the maker")));
    ended->throw_into(std::make_exception_ptr(std::length_error("for the maker")));
    EXPECT_TRUE(maker.dead());
    EXPECT_TRUE(fresh->dead());
}

TEST(ConformanceA, TA12_ThrowGoesToTheRootWhenTheMakerHasEnded) {
    std::optional<Context> orphan;
    Context maker([&](std::any) {
        orphan.emplace([](std::any) { return std::any(); });
        return std::any();
    });
    maker.switch_to();
    EXPECT_THROW(orphan->throw_into(std::make_exception_ptr(7)), int);
    EXPECT_THROW(maker.throw_into(std::make_exception_ptr(8)), int);
}

TEST(ConformanceA, TA13_ASwitchInsideASwitchIsRefused) {
    static const ContextRef* target = nullptr;
    static int refused = 0;
    Context other([](std::any) { return std::any(); });
    Context context([](std::any) { return std::any(); });
    target = &other;
    refused = 0;
    set_switch_observer([](const SwitchEvent&) noexcept {
        try {
            target->switch_to();
        } catch (const std::logic_error&) {
            ++refused;
        }
    });
    context.switch_to();
    set_switch_observer(nullptr);
    EXPECT_EQ(refused, 2);  // on the way there and on the way back
    EXPECT_TRUE(context.dead());
    EXPECT_FALSE(other.started());
    other.switch_to();
    EXPECT_TRUE(other.dead());
}

TEST(ConformanceA, TA14_SwitchToTheRunningOneIsAnError) {
    EXPECT_THROW(current_context().switch_to(), std::logic_error);
    Context outer([](std::any) {
        const ContextRef self = current_context();
        EXPECT_THROW(self.switch_to(1), std::logic_error);
        Context inner([&](std::any) { return self.switch_to(5); });  // through a chain it is suspended: no error
        EXPECT_EQ(number(inner.switch_to()), 5);
        return std::any();
    });
    outer.switch_to();
    EXPECT_TRUE(outer.dead());
}

TEST(ConformanceA, TA14_SwitchToADeadOrEmptyOneIsAnError) {
    Context context([](std::any) { return std::any(); });
    context.switch_to();
    EXPECT_THROW(context.switch_to(), DeadContext);
    EXPECT_THROW(ContextRef().switch_to(), DeadContext);
    EXPECT_THROW(ContextRef().throw_into(std::make_exception_ptr(1)), DeadContext);
    EXPECT_TRUE(Context().dead());
}

// Yields to the caller of next(); an empty result of next() is the end.
class Generator {
public:
    using Yield = std::function<void(int)>;
    explicit Generator(std::function<void(const Yield&)> body)
        : context_([this, body = std::move(body)](std::any) {
              body([this](int value) { asker_.switch_to(value); });
              return std::any();
          }) {}

    std::optional<int> next() {
        asker_ = current_context();
        const std::any value = context_.switch_to();
        return value.has_value() ? std::optional(number(value)) : std::nullopt;
    }

private:
    ContextRef asker_;
    Context context_;
};

TEST(ConformanceA, TA15_GeneratorsNestThreeDeep) {
    Generator outer([](const Generator::Yield& yield) {
        Generator middle([](const Generator::Yield& yield_middle) {
            Generator inner([](const Generator::Yield& yield_inner) {
                for (int i = 1; i <= 3; ++i) {
                    yield_inner(i);
                }
            });
            while (const auto n = inner.next()) {
                yield_middle(*n * 10);
                yield_middle(*n * 10 + 1);
            }
        });
        while (const auto n = middle.next()) {
            yield(*n + 100);
        }
    });
    std::vector<int> got;
    while (const auto n = outer.next()) {
        got.push_back(*n);
    }
    EXPECT_EQ(got, (std::vector{110, 111, 120, 121, 130, 131}));
}

void permute(std::vector<int>& items, std::size_t from, const Generator::Yield& yield) {
    if (from == items.size()) {
        int digits = 0;
        for (const int item : items) {
            digits = digits * 10 + item;
        }
        yield(digits);
    }
    for (std::size_t i = from; i < items.size(); ++i) {
        std::swap(items[from], items[i]);
        Generator rest([&](const Generator::Yield& yield_rest) { permute(items, from + 1, yield_rest); });
        while (const auto n = rest.next()) {
            yield(*n);
        }
        std::swap(items[from], items[i]);
    }
}

TEST(ConformanceA, TA15_GeneratorsRecur) {
    std::vector<int> items{1, 2, 3, 4};
    Generator all([&](const Generator::Yield& yield) { permute(items, 0, yield); });
    std::vector<int> got;
    while (const auto n = all.next()) {
        got.push_back(*n);
    }
    EXPECT_EQ(got.size(), 24u);
    EXPECT_EQ(got.front(), 1234);
    std::sort(got.begin(), got.end());
    EXPECT_EQ(std::adjacent_find(got.begin(), got.end()), got.end());
}

TEST(ConformanceA, TA16_AnObserverSeesEverySwitchInOrder) {
    static std::vector<SwitchEvent> events;
    events.clear();
    const ContextRef root = current_context();
    Context good([&](std::any) { return root.switch_to(); });
    Context bad([](std::any) -> std::any { throw 1; });
    const SwitchObserver before =
        set_switch_observer([](const SwitchEvent& event) noexcept { events.push_back(event); });
    good.switch_to();
    EXPECT_THROW(bad.switch_to(), int);
    EXPECT_THROW(good.throw_into(std::make_exception_ptr(2)), int);
    EXPECT_NE(set_switch_observer(before), nullptr);
    Context([](std::any) { return std::any(); }).switch_to();  // unseen

    using Kind = SwitchEvent::Kind;
    const std::vector<SwitchEvent> expected{
        {Kind::switched, root.id(), good.id()}, {Kind::switched, good.id(), root.id()},
        {Kind::switched, root.id(), bad.id()},  {Kind::thrown, bad.id(), root.id()},
        {Kind::thrown, root.id(), good.id()},   {Kind::thrown, good.id(), root.id()},
    };
    const auto same = [](const SwitchEvent& a, const SwitchEvent& b) {
        return a.kind == b.kind && a.from == b.from && a.to == b.to;
    };
    EXPECT_TRUE(std::equal(events.begin(), events.end(), expected.begin(), expected.end(), same)) << events.size();
}

}  // namespace
}  // namespace tendril
