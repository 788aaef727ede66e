// SPDX-License-Identifier: MIT
//
// Conformance, rows TA03 to TA08 and TA20: exceptions in flight stay with the flow of control they belong to.

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "green_test.hpp"

namespace tendril {
namespace {

// The exception that is being handled, as `throw;` finds it.
std::string handled() {
    if (std::current_exception() == nullptr) {
        return "none";
    }
    try {
        throw;
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "foreign";
    }
}

void back() {
    current_context().parent().switch_to();
}

TEST(ConformanceA, TA03_AnExceptionSurfacesInTheParent) {
    Context outer([](std::any) {
        Context inner([](std::any) -> std::any { throw std::out_of_range("from inside"); });
        EXPECT_THROW(inner.switch_to(), std::out_of_range);
        EXPECT_TRUE(inner.dead());
        return std::any(1);
    });
    EXPECT_EQ(std::any_cast<int>(outer.switch_to()), 1);
}

TEST(ConformanceA, TA03_AThrownIntoOneMayHandleItAndGoOn) {
    Context context([](std::any) {
        try {
            back();
        } catch (const std::out_of_range& e) {
            return current_context().parent().switch_to(std::string("handled ") + e.what());
        }
        return std::any();
    });
    context.switch_to();
    const std::any answer = context.throw_into(std::make_exception_ptr(std::out_of_range("it")));
    EXPECT_EQ(std::any_cast<std::string>(answer), "handled it");
    EXPECT_EQ(std::any_cast<int>(context.switch_to(5)), 5);
    EXPECT_TRUE(context.dead());
}

struct Counts {
    int& count;
    ~Counts() { ++count; }
};

TEST(ConformanceA, TA04_TheOwnersEndUnwindsNow) {
    int destroyed = 0;
    ContextRef watch;
    {
        Context context([&](std::any) {
            const Counts outer{destroyed};
            try {
                const Counts inner{destroyed};
                back();
                ADD_FAILURE() << "it went on";
            } catch (const ContextExit&) {
                EXPECT_EQ(destroyed, 1);
                throw;
            }
            return std::any();
        });
        watch = context;
        context.switch_to();
        EXPECT_EQ(destroyed, 0);
    }
    EXPECT_EQ(destroyed, 2);
    EXPECT_TRUE(watch.dead());
    EXPECT_THROW(watch.switch_to(), DeadContext);
}

TEST(ConformanceA, TA04_AssigningOverAnOwnerUnwindsToo) {
    int destroyed = 0;
    const auto body = [&](std::any) {
        const Counts count{destroyed};
        back();
        return std::any();
    };
    Context context(body);
    context.switch_to();
    context = Context(body);
    EXPECT_EQ(destroyed, 1);
    EXPECT_FALSE(context.started());
    context = Context();  // that one never began: there is nothing to unwind
    EXPECT_EQ(destroyed, 1);
}

// A destructor that unwinds another context gets the control back, even from one that it runs inside of.
TEST(ConformanceA, TA04_UnwindingNests) {
    std::vector<std::string> order;
    struct Notes {
        std::vector<std::string>& order;
        const char* text;
        ~Notes() { order.push_back(text); }
    };
    {
        Context outer([&](std::any) {
            const Notes last{order, "outer"};
            Context inner([&](std::any) {
                const Notes note{order, "inner"};
                back();
                return std::any();
            });
            inner.switch_to();
            back();
            return std::any();
        });
        outer.switch_to();
    }
    EXPECT_EQ(order, (std::vector<std::string>{"inner", "outer"}));

    Context maker;
    Context child;
    maker = Context([&](std::any) {
        const Notes note{order, "maker"};
        child = Context([&](std::any) {
            maker = Context();  // ends its own maker, which waits for it
            order.push_back("child");
            return std::any();
        });
        child.switch_to();
        return std::any();
    });
    maker.switch_to();
    EXPECT_EQ(order, (std::vector<std::string>{"inner", "outer", "maker", "child"}));
}

TEST(ConformanceA, TA05_WhatElseItThrowsIsReported) {
    bool after = false;
    ::testing::internal::CaptureStderr();
    {
        Context context([](std::any) {
            try {
                back();
            } catch (const ContextExit&) {
                throw std::runtime_error("something else");
            }
            return std::any();
        });
        context.switch_to();
    }
    after = true;
    EXPECT_TRUE(after);
    EXPECT_NE(::testing::internal::GetCapturedStderr().find("std::runtime_error: something else"), std::string::npos);
}

TEST(ConformanceA, TA06_AHandledExceptionBelongsToItsContext) {
    Context other([](std::any) {
        EXPECT_EQ(handled(), "none");
        try {
            throw std::runtime_error("other's");
        } catch (...) {
            back();
            EXPECT_EQ(handled(), "other's");
        }
        EXPECT_EQ(handled(), "none");
        return std::any();
    });
    try {
        throw std::runtime_error("root's");
    } catch (...) {
        other.switch_to();
        EXPECT_EQ(handled(), "root's");
        other.switch_to();
        EXPECT_TRUE(other.dead());
        EXPECT_EQ(handled(), "root's");
    }
    EXPECT_EQ(handled(), "none");
}

TEST(ConformanceA, TA06_UncaughtExceptionsAreCountedPerContext) {
    struct Switches {
        ContextRef to;
        int& seen;
        ~Switches() {
            to.switch_to();
            seen = std::uncaught_exceptions();
        }
    };
    int seen = 0;
    Context other([&](std::any) {
        EXPECT_EQ(std::uncaught_exceptions(), 0);
        int inner = 0;
        try {
            Switches away{current_context().parent(), inner};
            throw 2;
        } catch (int n) {
            EXPECT_EQ(n, 2);
        }
        EXPECT_EQ(inner, 1);
        return std::any();
    });
    try {
        Switches away{other, seen};
        throw 1;
    } catch (int n) {
        EXPECT_EQ(n, 1);
    }
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(std::uncaught_exceptions(), 0);
    other.switch_to();
    EXPECT_TRUE(other.dead());
}

TENDRIL_TEST(ConformanceA, TA07_HandlersOfGreenThreadsInterleave) {
    const auto body = [](std::string mine) {
        try {
            throw std::runtime_error(mine);
        } catch (...) {
            for (int i = 0; i < 10; ++i) {
                yield();
                EXPECT_EQ(handled(), mine);
            }
        }
        yield();
        EXPECT_EQ(handled(), "none");
    };
    auto a = spawn(body, "a");
    auto b = spawn(body, "b");
    join_all(std::vector<AnyGreenlet>{a, b});
    EXPECT_TRUE(a.successful());
    EXPECT_TRUE(b.successful());
}

// Waits inside `depth` handlers, each of its own exception, and finds them all again on its way out.
void descend(int id, int depth, int most) {
    if (depth == most) {
        back();
        throw std::runtime_error(std::to_string(id) + " at the bottom");
    }
    try {
        throw std::runtime_error(std::to_string(id) + " at " + std::to_string(depth));
    } catch (...) {
        if (depth % 2 == 0) {
            back();
        }
        try {
            descend(id, depth + 1, most);
        } catch (const std::runtime_error& e) {
            EXPECT_EQ(e.what(),
                      std::to_string(id) + (depth + 1 == most ? " at the bottom" : " at " + std::to_string(depth + 1)));
        }
        EXPECT_EQ(handled(), std::to_string(id) + " at " + std::to_string(depth));
        throw;
    }
}

TEST(ConformanceA, TA08_EachCatchesItsOwnAtItsOwnDepth) {
    constexpr int contexts = 12;
    std::vector<Context> all;
    for (int id = 0; id < contexts; ++id) {
        all.emplace_back([id](std::any) {
            EXPECT_THROW(descend(id, 0, 1 + id), std::runtime_error);
            EXPECT_EQ(handled(), "none");
            return std::any();
        });
    }
    for (bool any = true; any;) {
        any = false;
        for (Context& context : all) {
            if (!context.dead()) {
                context.switch_to();
                any = true;
                EXPECT_EQ(handled(), "none");
            }
        }
    }
}

TENDRIL_TEST(ConformanceA, TA20_AHandledExceptionDoesNotLeakIntoAFreshOne) {
    try {
        throw std::runtime_error("handled here");
    } catch (...) {
        Context fresh([](std::any) { return std::any(handled()); });
        EXPECT_EQ(std::any_cast<std::string>(fresh.switch_to()), "none");
        auto green = spawn([] { return handled(); });
        EXPECT_EQ(green.get(), "none");
        auto linked = spawn([] {});
        std::string in_callback;
        const Link link = linked.link([&](const AnyGreenlet&) { in_callback = handled(); });
        while (in_callback.empty()) {
            yield();
        }
        EXPECT_EQ(in_callback, "none");
        EXPECT_EQ(handled(), "handled here");
    }
}

}  // namespace
}  // namespace tendril
