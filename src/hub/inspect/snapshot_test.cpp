// SPDX-License-Identifier: MIT
//
// Snapshots: of this OS thread's hub and of all, and what the dump and LoopExit make of them.

#include <tendril/snapshot.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <tendril/background.hpp>
#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/spawn_stacks.hpp>
#include <tendril/watchers.hpp>

#include "context/flow.hpp"
#include "green_test.hpp"
#include "hub/descriptor.hpp"
#include "hub/here.hpp"
#include "hub/mailbox.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {

volatile int snapshot_test_sink = 0;
[[gnu::noinline]] void snapshot_test_sleeps() {
    sleep(1h);
    snapshot_test_sink = snapshot_test_sink + 1;
}

namespace {

using testing::Pipe;

const GreenletInfo& named(const HubSnapshot& snapshot, std::string_view name) {
    static const GreenletInfo none;
    for (const GreenletInfo& each : snapshot.greenlets) {
        if (each.name == name) {
            return each;
        }
    }
    ADD_FAILURE() << "there is no " << name;
    return none;
}

TENDRIL_TEST(Snapshot, SaysWhatAGreenThreadDoes) {
    const Pipe pipe;
    const auto sleeper = spawn({.name = "sleeper", .daemon = true}, [] { snapshot_test_sleeps(); });
    const int line = __LINE__ - 1;
    const auto reader = spawn({.name = "reader"}, [&] {
        detail::here::descriptors().wait(pipe.reader.get(), detail::Direction::read, "read", never);
    });
    const auto later = spawn_after({.name = "later"}, 1h, [] {});
    sleep(2ms);
    const auto fresh = spawn({.name = "fresh"}, [] {});
    const HubSnapshot all = snapshot({.backtraces = true});
    EXPECT_TRUE(all.answered);
    EXPECT_EQ(all.backend, Hub::current().backend());
    EXPECT_EQ(all.stats.greenlets, 5u);
    EXPECT_EQ(all.greenlets.front().kind, GreenletKind::main);
    EXPECT_EQ(all.greenlets.front().waits_in, "join");

    const GreenletInfo& s = named(all, "sleeper");
    EXPECT_EQ(s.id, sleeper.id());
    EXPECT_EQ(s.spawner, current().id());
    EXPECT_EQ(s.where.line, line);
    EXPECT_EQ(s.state, GreenletState::waits);
    EXPECT_EQ(s.waits_in, "sleep");
    EXPECT_GE(s.waited, 1ms);
    EXPECT_GT(std::chrono::nanoseconds(s.due), 59min);
    EXPECT_LE(std::chrono::nanoseconds(s.due), 1h);
    EXPECT_TRUE(s.daemon);
    EXPECT_GT(s.stack_used, 0u);
    EXPECT_LT(s.stack_used, s.stack_size);
    EXPECT_EQ(s.backtrace.size(), s.frames.size());
#ifdef TENDRIL_SWITCH_OURS
    EXPECT_TRUE(std::any_of(s.backtrace.begin(), s.backtrace.end(), [](const std::string& each) {
        return each.find("snapshot_test_sleeps") != std::string::npos;
    }));
#endif

    const GreenletInfo& r = named(all, "reader");
    EXPECT_EQ(r.waits_in, "read");
    EXPECT_EQ(r.descriptor, pipe.reader.get());
    EXPECT_FALSE(r.writes);
    EXPECT_TRUE(r.due.is_forever());
    ASSERT_EQ(all.descriptors.size(), 1u);
    EXPECT_EQ(all.descriptors[0].fd, pipe.reader.get());
    EXPECT_EQ(all.descriptors[0].reader, reader.id());
    EXPECT_EQ(all.descriptors[0].writer, 0u);
    EXPECT_FALSE(all.descriptors[0].owned);

    EXPECT_EQ(named(all, "later").state, GreenletState::waits_for_start);
    EXPECT_GT(std::chrono::nanoseconds(named(all, "later").due), 59min);
    EXPECT_EQ(named(all, "fresh").state, GreenletState::ready_to_begin);
    EXPECT_EQ(named(all, "test body").state, GreenletState::runs);

    ASSERT_EQ(all.timers.size(), 2u);
    for (const TimerInfo& each : all.timers) {
        EXPECT_TRUE(each.greenlet == sleeper.id() || each.greenlet == later.id());
        EXPECT_EQ(each.keeps_alive, each.greenlet == later.id());
    }
    std::ostringstream text;
    text << all;
    EXPECT_TRUE(std::regex_search(text.str(), std::regex("\"reader\" waits in read, .*; descriptor \\d+, read\n")))
        << text.str();
    EXPECT_TRUE(std::regex_search(text.str(), std::regex("\"sleeper\" waits in sleep, .*; in the background\n")));
    kill_all(std::vector<AnyGreenlet>{sleeper, reader, later, fresh});
}

TENDRIL_TEST(Snapshot, SaysWhatKeepsTheHubAlive) {
    const Pipe pipe;
    Timer timer(1h, [] {}, {.repeat = 2s, .ref = false, .priority = 1});
    const int line = __LINE__ - 1;
    Io io(pipe.reader.get(), IoEvents::read, [](IoEvents) {});
    const Async async([] {});
    timer.feed();
    const HubSnapshot all = snapshot();
    ASSERT_EQ(all.watchers.size(), 3u);
    EXPECT_EQ(all.watchers[0].kind, "Timer");
    EXPECT_TRUE(std::regex_match(all.watchers[0].detail, std::regex(R"(in 3\d+\.\d+ s, every 2\.000 s)")))
        << all.watchers[0].detail;
    EXPECT_EQ(all.watchers[0].where.line, line);
    EXPECT_FALSE(all.watchers[0].keeps_alive);
    EXPECT_TRUE(all.watchers[0].pending);
    EXPECT_EQ(all.watchers[0].priority, 1);
    EXPECT_EQ(all.watchers[1].kind, "Io");
    EXPECT_EQ(all.watchers[1].detail, "descriptor " + std::to_string(pipe.reader.get()) + ", read");
    EXPECT_TRUE(all.watchers[1].keeps_alive);
    EXPECT_EQ(all.watchers[2].kind, "Async");
    EXPECT_EQ(all.watchers[2].where.line, line + 3);
    EXPECT_EQ(all.awaited_elsewhere, 0u);
    std::ostringstream text;
    dump(text, {.backtraces = false});
    EXPECT_TRUE(
        std::regex_search(text.str(), std::regex(R"(\n  Io, made at .*_test.cpp:\d+: descriptor \d+, read; keeps)")))
        << text.str();
}

TENDRIL_TEST(Snapshot, ListsRawContexts) {
    const auto holder = spawn({.name = "holder"}, [] {
        const Context waits([](std::any) -> std::any {
            snapshot_test_sleeps();
            return {};
        });
        Context suspended([](std::any) -> std::any {
            current_context().parent().switch_to();
            return {};
        });
        const Context fresh([](std::any) -> std::any { return {}; });
        suspended.switch_to();
        waits.switch_to();
    });
    yield();
    const HubSnapshot all = snapshot({.backtraces = true});
    const GreenletInfo& h = named(all, "holder");
    ASSERT_EQ(h.contexts.size(), 3u);
    EXPECT_EQ(h.stack_used, 0u) << "a raw context runs";
    EXPECT_TRUE(h.contexts[0].running);
    EXPECT_FALSE(h.contexts[1].running);
    EXPECT_TRUE(h.contexts[1].started);
    EXPECT_GT(h.contexts[1].stack_size, 0u);
    EXPECT_FALSE(h.contexts[2].started);
    EXPECT_EQ(h.contexts[2].parent, h.id);
    EXPECT_NE(std::string(h.contexts[2].where.file).find("snapshot_test"), std::string::npos);
#ifdef TENDRIL_SWITCH_OURS
    EXPECT_FALSE(h.contexts[1].backtrace.empty());
#endif
    std::ostringstream text;
    text << all;
    EXPECT_TRUE(std::regex_search(text.str(), std::regex("context \\d+ is suspended, made at .*\n")));
    EXPECT_TRUE(std::regex_search(text.str(), std::regex("context \\d+ has not begun, made at .*\n")));
    holder.kill();
}

[[gnu::noinline]] AnyGreenlet spawned_by_a_helper() {
    const AnyGreenlet made = spawn({.name = "helped"}, [] { sleep(1h); });
    snapshot_test_sink = snapshot_test_sink + 1;
    return made;
}

TENDRIL_TEST(Snapshot, ShowsTheCallsThatSpawned) {
    {
        const SpawnStacks stacks;
        EXPECT_THROW(SpawnStacks(), std::logic_error);
        const AnyGreenlet helped = spawned_by_a_helper();
        for (int i = 0; i < 3000; ++i) {  // those that have ended are forgotten
            spawn_n([] {});
            yield();
        }
        const HubSnapshot all = snapshot({.backtraces = true});
        const GreenletInfo& h = named(all, "helped");
        EXPECT_EQ(h.spawn_backtrace.size(), h.spawn_frames.size());
        EXPECT_FALSE(h.spawn_frames.empty());
        std::ostringstream text;
        text << all;
        EXPECT_NE(text.str().find("spawned by the calls\n"), std::string::npos) << text.str();
        helped.kill();
    }
    const AnyGreenlet later = spawned_by_a_helper();
    EXPECT_TRUE(named(snapshot({.backtraces = true}), "helped").spawn_frames.empty());
    later.kill();
}

// Only the main green thread sees a LoopExit.
TEST(SnapshotThreads, ALoopExitNamesWhatDoesNotKeepTheHubAlive) {
    std::string text;
    std::thread([&] {
        const Timer timer(1h, [] {}, {.ref = false});
        spawn_n({.daemon = true}, [] { sleep(1h); });
        try {
            sleep(never);
        } catch (const LoopExit& e) {
            text = e.what();
        }
    }).join();
    EXPECT_TRUE(std::regex_search(
        text, std::regex(R"(\n  Timer, made at .*_test.cpp:\d+: in \d+\.\d+ s; does not keep the hub alive\n)")))
        << text;
    EXPECT_NE(text.find("; in the background"), std::string::npos) << text;
}

// A hub in an OS thread of its own, until the end of the test.
class OtherHub {
public:
    explicit OtherHub(bool computes) : computes_(computes) {
        thread_ = std::thread([this] {
            spawn_n({.name = "of the other"}, [] { sleep(never); });
            yield();
            serial = detail::OsThread::current_serial();
            while (!ends_) {
                if (!computes_) {
                    sleep(1ms);
                }
            }
        });
        while (serial == 0) {
            sleep(1ms);
        }
    }
    void end() { ends_ = true; }
    ~OtherHub() {
        ends_ = true;
        thread_.join();
    }
    std::atomic<std::uint64_t> serial = 0;

private:
    const bool computes_;
    std::atomic<bool> ends_ = false;
    std::thread thread_;
};

const HubSnapshot* of(const std::vector<HubSnapshot>& all, std::uint64_t serial) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.os_thread == serial; });
    return at != all.end() ? &*at : nullptr;
}

TENDRIL_TEST(SnapshotThreads, AsksAllHubs) {
    const OtherHub other(false);
    const auto all = snapshot_all({.backtraces = true}, 60s);
    EXPECT_EQ(all.front().os_thread, detail::OsThread::current_serial());
    const HubSnapshot* answer = of(all, other.serial);
    ASSERT_NE(answer, nullptr);
    EXPECT_TRUE(answer->answered);
    const GreenletInfo& theirs = named(*answer, "of the other");
    EXPECT_EQ(theirs.waits_in, "sleep");
#ifdef TENDRIL_SWITCH_OURS
    EXPECT_FALSE(theirs.backtrace.empty());
#endif
    std::ostringstream text;
    dump_all(text, {}, 60s);
    EXPECT_NE(text.str().find("hub of OS thread " + std::to_string(other.serial)), std::string::npos) << text.str();
    EXPECT_NE(text.str().find("\"of the other\" waits in sleep"), std::string::npos) << text.str();
}

TENDRIL_TEST(SnapshotThreads, OneThatComputesIsSaidTo) {
    OtherHub busy(true);
    const OtherHub other(false);
    std::ostringstream text;
    dump_all(text, {.backtraces = false}, 20ms);
    EXPECT_NE(text.str().find("\n  it does not answer: a green thread computes"), std::string::npos) << text.str();
    const auto all = snapshot_all({}, 20ms);
    const HubSnapshot* unanswered = of(all, busy.serial);
    ASSERT_NE(unanswered, nullptr);
    EXPECT_FALSE(unanswered->answered);
    EXPECT_GT(unanswered->kernel_thread, 0);
    EXPECT_TRUE(unanswered->greenlets.empty());
    busy.end();  // it answers, and nobody listens
}

TENDRIL_TEST(SnapshotThreads, AHubThatIsDeafCollectsNoQuestions) {
    std::atomic<std::uint64_t> serial = 0;
    std::atomic<bool> hears = false;
    std::size_t questions = 0;
    std::thread deaf([&] {
        detail::Mailbox& mailbox = detail::mailbox_of(detail::Scheduler::here());
        serial = detail::OsThread::current_serial();
        while (!hears) {
            std::this_thread::yield();
        }
        detail::List<detail::Letter>& mail = mailbox.take();
        while (detail::Letter* each = mail.pop_front()) {
            ++questions;
            each->arrive(*each, true);
        }
    });
    while (serial == 0) {
        sleep(1ms);
    }
    for (int i = 0; i < 5; ++i) {
        const auto all = snapshot_all({}, 0s);
        ASSERT_NE(of(all, serial), nullptr);
        EXPECT_FALSE(of(all, serial)->answered);
    }
    const auto last = spawn([] { return snapshot_all({}, 60s); });
    yield();
    hears = true;
    EXPECT_TRUE(of(last.get(), serial)->answered) << "the answer is for the one that still waits";
    deaf.join();
    EXPECT_EQ(questions, 1u);
}

TENDRIL_TEST(SnapshotThreads, AKillEndsTheWaitForAnswers) {
    OtherHub busy(true);
    const auto asker = spawn([] { static_cast<void>(snapshot_all({}, 60s)); });
    yield();
    asker.kill();
    EXPECT_TRUE(asker.killed());
}

}  // namespace
}  // namespace tendril
