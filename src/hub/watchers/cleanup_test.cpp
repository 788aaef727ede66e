// SPDX-License-Identifier: MIT

#include <tendril/watchers.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Runs the body in the main green thread of a hub of its own, which then ends.
void in_a_hub(const std::function<void()>& body) {
    std::thread(body).join();
}

// Holds watchers until their hub has ended.
struct Kept {
    std::optional<Cleanup> a, b, c;
};

TEST(CleanupThreads, RunsAtTheHubsEndTheLastOneFirst) {
    std::string order;
    Kept kept;
    in_a_hub([&] {
        kept.a.emplace([&] { order += 'a'; });
        kept.b.emplace([&] { order += 'b'; });
        kept.c.emplace([&] { order += 'c'; });
        kept.b->stop();
        spawn_n([&order] {
            struct AtEnd {
                std::string& order;
                ~AtEnd() { order += 'g'; }
            } const at_end{order};
            sleep(never);
        });
        yield();
        order += 'm';
    });
    EXPECT_EQ(order, "mgca") << "after the green threads";
    EXPECT_FALSE(kept.a->active());
}

TEST(CleanupThreads, MayWaitAndSpawn) {
    std::string order;
    Kept kept;
    in_a_hub([&] {
        kept.a.emplace([&] {
            const auto helper = spawn([&] {
                sleep(1ms);
                order += 'h';
            });
            helper.join();
            order += 'a';
            spawn_n([&] { order += "never"; });  // which has no turn
        });
    });
    EXPECT_EQ(order, "ha");
}

TEST(CleanupThreads, WhatOneThrowsIsReportedAndTheOthersRun) {
    std::string order;
    std::string reported;
    Kept kept;
    in_a_hub([&] {
        Hub::current().set_error_handler([&](const ErrorContext& context, const std::exception_ptr&) {
            reported = std::string(context.activity) + " made at line " + std::to_string(context.where.line);
        });
        kept.a.emplace([&] { order += 'a'; });
        kept.b.emplace([] { throw std::runtime_error("no"); });
        reported = std::to_string(__LINE__ - 1);
    });
    EXPECT_EQ(order, "a");
    EXPECT_TRUE(reported.starts_with("a Cleanup watcher's callback made at line ")) << reported;
    EXPECT_EQ(kept.b->where().line, std::stoi(reported.substr(reported.rfind(' '))));
}

TEST(CleanupThreads, OneThatIsDestroyedOrMakesAnother) {
    std::string order;
    std::unique_ptr<Cleanup> self;
    Kept kept;
    in_a_hub([&] {
        {
            const Cleanup gone([&] { order += 'x'; });
        }
        self = std::make_unique<Cleanup>([&] {
            order += 's';
            self.reset();
            kept.a.emplace([&] { order += 'a'; });
        });
        EXPECT_THROW(sleep(never), LoopExit) << "it does not keep the hub alive";
    });
    EXPECT_EQ(order, "sa");
}

}  // namespace
}  // namespace tendril
