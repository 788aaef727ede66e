// SPDX-License-Identifier: MIT
//
// Conformance, rows TA10 and TA17: contexts and OS threads, and what holds for contexts inside green threads.

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

struct Counts {
    std::atomic<int>& count;
    ~Counts() { ++count; }
};

TEST(ConformanceAThreads, TA10_EachOsThreadRunsItsOwn) {
    std::atomic<int> sum{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            std::vector<Context> all;
            for (int i = 0; i < 50; ++i) {
                all.emplace_back([&](std::any) {
                    for (int n = 0; n < 20; ++n) {
                        ++sum;
                        current_context().parent().switch_to();
                    }
                    return std::any();
                });
            }
            for (int n = 0; n < 21; ++n) {
                for (const Context& context : all) {
                    context.switch_to();
                }
            }
            for (const Context& context : all) {
                EXPECT_TRUE(context.dead());
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(sum, 4 * 50 * 20);
}

TEST(ConformanceAThreads, TA10_AnotherThreadsContextIsRefused) {
    Context suspended([](std::any) {
        current_context().parent().switch_to();
        return std::any(1);
    });
    Context fresh([](std::any) { return std::any(2); });
    suspended.switch_to();
    std::thread([&] {
        EXPECT_THROW(suspended.switch_to(), WrongThread);  // from a thread that has no contexts yet
        Context own([&](std::any) {
            EXPECT_THROW(fresh.switch_to(), WrongThread);
            EXPECT_THROW(suspended.throw_into(std::make_exception_ptr(1)), WrongThread);
            return std::any(3);
        });
        EXPECT_EQ(std::any_cast<int>(own.switch_to()), 3);
    }).join();
    EXPECT_EQ(std::any_cast<int>(suspended.switch_to()), 1);
    EXPECT_EQ(std::any_cast<int>(fresh.switch_to()), 2);
}

// A caller's mistake, but nothing may break: the maker's thread takes it down at its end.
TEST(ConformanceAThreads, TA10_DestroyedByAnotherThreadItIsReportedAndLeft) {
    std::atomic<int> destroyed{0};
    std::thread([&] {
        Context suspended([&](std::any) {
            const Counts count{destroyed};
            current_context().parent().switch_to();
            return std::any();
        });
        Context fresh([count = std::shared_ptr<Counts>(new Counts{destroyed})](std::any) { return std::any(); });
        suspended.switch_to();
        ::testing::internal::CaptureStderr();
        std::thread([a = std::move(suspended), b = std::move(fresh)] {}).join();
        EXPECT_NE(::testing::internal::GetCapturedStderr().find("destroyed by an OS or green thread other"),
                  std::string::npos);
        EXPECT_EQ(destroyed, 0);
    }).join();
    EXPECT_EQ(destroyed, 2);
}

void leave_a_suspended_one_behind(bool with_hub) {
    std::atomic<int> destroyed{0};
    std::optional<Context> owner;
    std::optional<Context> fresh;
    std::thread([&] {
        if (with_hub) {
            yield();
        }
        owner.emplace([&](std::any) {
            const Counts count{destroyed};
            current_context().parent().switch_to();
            ADD_FAILURE() << "it went on";
            return std::any();
        });
        fresh.emplace([](std::any) { return std::any(); });
        owner->switch_to();
    }).join();
    EXPECT_EQ(destroyed, 1);
    EXPECT_TRUE(owner->dead());
    EXPECT_TRUE(fresh->dead());
    EXPECT_TRUE(owner->started());
    EXPECT_THROW(owner->switch_to(), std::logic_error);
}

TEST(ConformanceAThreads, TA17_AThreadsEndUnwindsWhatItLeaves) {
    leave_a_suspended_one_behind(false);
}

TEST(ConformanceAThreads, TA17_AlsoWhenItHasAHub) {
    leave_a_suspended_one_behind(true);
}

// While the thread ends, a destructor may still wait: the hub is there.
TEST(ConformanceAThreads, TA17_DestructorsMayWaitThen) {
    bool waited = false;
    std::optional<Context> owner;
    std::thread([&] {
        struct Waits {
            bool& done;
            ~Waits() {
                auto other = spawn([] { yield(); });
                done = other.join();
            }
        };
        yield();
        owner.emplace([&](std::any) {
            const Waits waits{waited};
            current_context().parent().switch_to();
            return std::any();
        });
        owner->switch_to();
    }).join();
    EXPECT_TRUE(waited);
}

TEST(ConformanceAThreads, TA17_WithoutAHubItIsTooLateForOne) {
    std::string refused;
    std::optional<Context> owner;
    std::thread([&] {
        struct Waits {
            std::string& refused;
            ~Waits() {
                try {
                    yield();
                } catch (const std::logic_error& e) {
                    refused = e.what();
                }
            }
        };
        owner.emplace([&](std::any) {
            const Waits waits{refused};
            current_context().parent().switch_to();
            return std::any();
        });
        owner->switch_to();
    }).join();
    EXPECT_NE(refused.find("this OS thread is ending"), std::string::npos) << refused;
}

TEST(ConformanceAThreads, TA17_AGreenThreadsEndUnwindsItsContexts) {
    std::thread([] {
        std::atomic<int> destroyed{0};
        std::optional<Context> owner;
        spawn([&] {
            owner.emplace([&](std::any) {
                const Counts count{destroyed};
                current_context().parent().switch_to();
                return std::any();
            });
            owner->switch_to();
        }).join();
        EXPECT_EQ(destroyed, 1);
        EXPECT_TRUE(owner->dead());
    }).join();
}

TENDRIL_TEST(ConformanceA, TA10_AnotherGreenThreadsContextIsRefused) {
    Context context([](std::any) {
        yield();  // a context may wait: then its green thread does
        current_context().parent().switch_to();
        return std::any(1);
    });
    context.switch_to();
    auto other = spawn([&] {
        EXPECT_THROW(context.switch_to(), std::logic_error);
        EXPECT_THROW(context.throw_into(std::make_exception_ptr(1)), std::logic_error);
    });
    other.get();
    EXPECT_EQ(std::any_cast<int>(context.switch_to()), 1);
}

// The hub is made inside a context, which then is the main green thread's.
TEST(ConformanceAThreads, TA10_TheFirstWaitMayBeInsideAContext) {
    std::thread([] {
        Context context([](std::any) {
            int turns = 0;
            auto other = spawn([&] {
                ++turns;
                sleep(1ms);
                ++turns;
            });
            other.join();
            current_context().parent().switch_to(turns);
            return std::any(turns + 1);
        });
        EXPECT_EQ(std::any_cast<int>(context.switch_to()), 2);
        yield();
        EXPECT_EQ(std::any_cast<int>(context.switch_to()), 3);
        EXPECT_TRUE(context.dead());
    }).join();
}

}  // namespace
}  // namespace tendril
