// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.B: kill and cancel.

#include <stdexcept>
#include <string>
#include <utility>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

struct Custom : std::runtime_error {
    Custom() : runtime_error("custom") {}
};

std::exception_ptr custom() {
    return std::make_exception_ptr(Custom());
}

// Sets a flag when it is destroyed: what it stands in was unwound.
struct Unwound {
    bool* flag;
    explicit Unwound(bool& f) : flag(&f) {}
    Unwound(Unwound&& other) noexcept : flag(std::exchange(other.flag, nullptr)) {}
    Unwound(const Unwound&) = delete;
    ~Unwound() {
        if (flag != nullptr) {
            *flag = true;
        }
    }
};

TENDRIL_TEST(ConformanceB, TB05_KillBeforeFirstRun) {
    bool argument_gone = false;
    bool ran = false;
    int links = 0;
    const auto g = spawn([&](const Unwound&) { ran = true; }, Unwound(argument_gone));
    const Link any = g.link([&](const AnyGreenlet&) { ++links; });
    const Link on_exception = g.link_exception([&](const AnyGreenlet&) { ++links; });
    const auto waiter = spawn([&] {
        EXPECT_THROW(g.get(), GreenletKilled);
        return true;
    });
    EXPECT_TRUE(g.kill());
    EXPECT_TRUE(g.ready());
    EXPECT_TRUE(g.killed());
    EXPECT_FALSE(g.started());
    EXPECT_TRUE(argument_gone);
    EXPECT_TRUE(waiter.get());
    yield();
    EXPECT_EQ(links, 2);
    EXPECT_FALSE(ran);
}

TENDRIL_TEST(ConformanceB, TB05_KillBeforeFirstRunWithACustomException) {
    const auto g = spawn([] { ADD_FAILURE() << "it ran"; });
    EXPECT_TRUE(g.kill(custom()));
    EXPECT_FALSE(g.killed());
    EXPECT_FALSE(g.successful());
    EXPECT_THROW(g.get(), Custom);
}

enum class Stage { pending, pending_later, running };

TENDRIL_TEST(ConformanceB, TB06_TheKillMatrix) {
    for (const Stage stage : {Stage::pending, Stage::pending_later, Stage::running}) {
        for (const bool blocking : {false, true}) {
            for (const bool is_custom : {false, true}) {
                SCOPED_TRACE("stage " + std::to_string(static_cast<int>(stage)) + (blocking ? ", blocking" : "") +
                             (is_custom ? ", custom" : ""));
                bool unwound = false;
                const auto body = [&unwound] {
                    const Unwound here(unwound);
                    sleep(1h);
                };
                const auto g = stage == Stage::pending_later ? spawn_after(1h, body) : spawn(body);
                if (stage == Stage::running) {
                    yield();
                    ASSERT_TRUE(g.started());
                }
                const std::exception_ptr error = is_custom ? custom() : nullptr;
                if (blocking) {
                    EXPECT_TRUE(g.kill(error));
                } else {
                    g.kill_nowait(error);
                    EXPECT_FALSE(g.ready()) << "takes effect when the killer yields, not before";
                    yield();
                }
                EXPECT_TRUE(g.ready());
                EXPECT_FALSE(g.successful());
                EXPECT_EQ(g.killed(), !is_custom);
                EXPECT_NE(g.exception(), nullptr);
                EXPECT_EQ(unwound, stage == Stage::running);
            }
        }
    }
}

TENDRIL_TEST(ConformanceB, TB07_AKillCanBeCaughtAndEndsNothingByItself) {
    int caught = 0;
    const auto g = spawn([&] {
        try {
            sleep(1h);
        } catch (const Custom&) {
            ++caught;
        }
        try {
            sleep(1h);
        } catch (const GreenletExit&) {
            ++caught;
        }
        return 5;
    });
    yield();
    EXPECT_FALSE(g.kill(custom(), 0s)) << "it lives on";
    EXPECT_EQ(caught, 1);
    EXPECT_TRUE(g.kill());
    EXPECT_EQ(caught, 2);
    EXPECT_EQ(g.get(), 5);
    EXPECT_FALSE(g.killed());
    EXPECT_TRUE(g.kill()) << "one that has ended stays as it ended";
    EXPECT_TRUE(g.successful());
}

TENDRIL_TEST(ConformanceB, TB08_KillingADormantOneDoesNotRaiseInTheKiller) {
    const auto g = spawn([] {});
    EXPECT_NO_THROW(g.kill_nowait(custom()));
    EXPECT_NO_THROW(yield());
    EXPECT_NO_THROW(g.join());
    EXPECT_THROW(g.get(), Custom);
}

TENDRIL_TEST(ConformanceB, TB09_KillReturnsWhenTheTargetHasUnwound) {
    bool unwound = false;
    const auto g = spawn([&] {
        const Unwound here(unwound);
        sleep(1h);
    });
    yield();
    EXPECT_TRUE(g.kill());
    EXPECT_TRUE(unwound);
    EXPECT_THROW(g.get(), GreenletKilled);
}

TENDRIL_TEST(ConformanceB, TB20_CancelBeforeTheStart) {
    const auto later = spawn_after(1h, [] { ADD_FAILURE() << "it ran"; });
    const auto soon = spawn([] { ADD_FAILURE() << "it ran"; });
    EXPECT_TRUE(later.cancel());
    EXPECT_TRUE(soon.cancel());
    EXPECT_THROW(later.get(), GreenletKilled);
    soon.join();
    EXPECT_TRUE(soon.killed());
    EXPECT_FALSE(soon.started());
}

TENDRIL_TEST(ConformanceB, TB20_CancelAfterTheStartDoesNothing) {
    const auto g = spawn_after(0s, [] {
        yield();
        return 3;
    });
    while (!g.started()) {
        yield();
    }
    EXPECT_FALSE(g.cancel());
    EXPECT_EQ(g.get(), 3);
    EXPECT_FALSE(g.cancel());
}

}  // namespace
}  // namespace tendril
