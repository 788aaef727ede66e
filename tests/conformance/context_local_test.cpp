// SPDX-License-Identifier: MIT
//
// ContextLocal: who inherits which value (behaviours M18).

#include <tendril/context_local.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/hub.hpp>
#include <tendril/local.hpp>
#include <tendril/pool.hpp>
#include <tendril/queue.hpp>
#include <tendril/server.hpp>
#include <tendril/task_graph.hpp>
#include <tendril/thread_pool.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

const ContextLocal<std::string> user;
const ContextLocal<int> depth(0);

std::string user_or(const char* otherwise) {
    const std::string* there = user.get_if();
    return there != nullptr ? *there : otherwise;
}

TENDRIL_TEST(ContextLocal, IsInheritedAtTheSpawnAndThenEachHasItsOwn) {
    EXPECT_EQ(user.get_if(), nullptr);
    user.set("ann");
    Event changed;
    const auto child = spawn([&] {
        EXPECT_EQ(*user, "ann");
        changed.wait();
        EXPECT_EQ(*user, "ann") << "the spawner's later change is the spawner's";
        user.set("carl");
        return spawn([] { return *user; }).get();
    });
    yield();
    user.set("bob");
    changed.set();
    EXPECT_EQ(child.get(), "carl");
    EXPECT_EQ(*user, "bob");
}

TENDRIL_TEST(ContextLocal, AllKindsOfSpawnInherit) {
    const ContextLocal<std::string>::Scope here(user, "ann");
    std::vector<std::string> seen;
    const auto note = [&] { seen.push_back(user_or("nobody")); };
    spawn_n(note);
    spawn_after(1ms, note).join();
    Group group;
    group.spawn(note);
    group.join();
    Pool pool(1);
    pool.spawn(note);
    pool.spawn(note);
    pool.join();
    for (const std::string& each : pool.imap([](int) { return user_or("nobody"); }, std::vector<int>{1, 2, 3})) {
        seen.push_back(each);
    }
    EXPECT_EQ(seen, std::vector<std::string>(8, "ann"));
    EXPECT_EQ(offload([] { return user_or("nobody"); }), "ann") << "on another OS thread";
}

TENDRIL_TEST(ContextLocal, AHandlerInheritsFromTheOneThatServes) {
    Listener listener = listen("127.0.0.1:0");
    std::string seen;
    const auto server = spawn([&] {
        user.set("ann");
        serve(listener, [&](TcpSocket&) { seen = user_or("nobody"); });
    });
    TcpSocket client = connect(listener.address());
    char byte = 0;
    EXPECT_EQ(client.recv({&byte, 1}), 0u);
    server.kill();
    EXPECT_EQ(seen, "ann");
}

TENDRIL_TEST(ContextLocal, AJobLeavesNothingInItsOsThread) {
    ThreadPool one(1);
    one.apply([] { user.set("job"); });
    EXPECT_EQ(one.apply([] { return user_or("nobody"); }), "nobody");
}

TENDRIL_TEST(ContextLocal, CallbacksOfTheHubHaveNone) {
    const ContextLocal<std::string>::Scope here(user, "ann");
    std::string seen;
    Hub::current().remote().post_threadsafe([&] { seen = user_or("nobody"); });
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(seen, "nobody");
}

TENDRIL_TEST(ContextLocal, WhatACallbackSetsIsNotForTheNext) {
    std::string seen;
    const Hub::Remote remote = Hub::current().remote();
    const auto value = std::make_shared<int>(0);
    const ContextLocal<std::shared_ptr<int>> held;
    remote.post_threadsafe([&] {
        user.set("ann");
        held.set(value);
    });
    remote.post_threadsafe([&] { seen = user_or("nobody"); });
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(seen, "nobody");
    EXPECT_EQ(value.use_count(), 1);
}

TENDRIL_TEST(ContextLocal, AValuesDestructorMayUseLocals) {
    static const Local<std::shared_ptr<int>> kept;
    static std::shared_ptr<int> counted;
    counted = std::make_shared<int>(0);
    struct Writes {
        bool last = true;
        Writes() = default;
        Writes(Writes&& other) noexcept : last(std::exchange(other.last, false)) {}
        Writes& operator=(Writes&&) = delete;
        ~Writes() {
            if (last) {
                kept = counted;
            }
        }
    };
    const ContextLocal<Writes> variable;
    spawn([&] { variable.set(Writes()); }).join();
    EXPECT_EQ(counted.use_count(), 1) << "at the end of a green thread";
    std::thread([&] {
        yield();
        variable.set(Writes());
    }).join();
    EXPECT_EQ(counted.use_count(), 1) << "at the end of a hub";
    counted = nullptr;
}

TENDRIL_TEST(ContextLocal, AValueMayMakeTheHubThatHoldsIt) {
    struct Makes {
        std::uint64_t greenlet = current().id();
        explicit Makes(int) {}
    };
    const ContextLocal<Makes> variable;
    std::thread([&] {
        variable.set(1);
        ASSERT_NE(variable.get_if(), nullptr);
        EXPECT_EQ(variable->greenlet, current().id());
    }).join();
}

TENDRIL_TEST(ContextLocal, AScopeRestoresAlsoAfterAKill) {
    user.set("outer");
    const auto victim = spawn([] {
        try {
            const ContextLocal<std::string>::Scope here(user, "inner");
            sleep(1h);
        } catch (...) {
            EXPECT_EQ(*user, "outer");
            throw;
        }
    });
    yield();
    victim.kill();
    EXPECT_TRUE(victim.killed());
}

TENDRIL_TEST(ContextLocal, WithoutAValueItSaysSo) {
    EXPECT_THROW(static_cast<void>(*user), std::logic_error);
    EXPECT_EQ(*depth, 0) << "the one for everywhere";
    depth.set(3);
    EXPECT_EQ(*depth, 3);
    depth.reset();
    EXPECT_EQ(*depth, 0);
    user.set("ann");
    user.reset();
    EXPECT_EQ(user.get_if(), nullptr);
}

TENDRIL_TEST(ContextLocal, SeveralDoNotDisturbEachOther) {
    user.set("ann");
    depth.set(1);
    user.set("bob");
    EXPECT_EQ(*depth, 1);
    user.reset();
    EXPECT_EQ(*depth, 1);
    depth.reset();
}

// Says when it is destroyed.
struct Witness {
    explicit Witness(std::string& log) : log_(&log) {}
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    ~Witness() { *log_ += "gone;"; }
    std::string* log_;
};

TENDRIL_TEST(ContextLocal, AValueLivesAsLongAsSomeoneHasIt) {
    std::string log;
    const ContextLocal<std::shared_ptr<Witness>> held;
    Event go;
    const auto child = spawn([&] {
        {
            const ContextLocal<std::shared_ptr<Witness>>::Scope here(held, std::make_shared<Witness>(log));
            spawn_n([&] {
                go.wait();
                log += "last;";
            });
        }
        log += "scope;";
    });
    child.join();
    EXPECT_EQ(log, "scope;");
    go.set();
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_EQ(log, "scope;last;gone;");
}

TENDRIL_TEST(ContextLocal, AllValuesCanBeTakenAlong) {
    ContextValues values;
    spawn([&] {
        user.set("ann");
        depth.set(2);
        values = ContextValues::current();
    }).join();
    EXPECT_EQ(user_or("nobody"), "nobody");
    const int deeper = values.run(
        [](int more) {
            EXPECT_EQ(*user, "ann");
            depth.set(*depth + more);
            return *depth;
        },
        5);
    EXPECT_EQ(deeper, 7);
    EXPECT_EQ(*depth, 0);
    values.run([] { EXPECT_EQ(*depth, 2) << "what run() sets is undone"; });
}

TENDRIL_TEST(ContextLocal, AFailedSettingChangesNothing) {
    struct Fails {
        explicit Fails(bool fail) {
            if (fail) {
                throw std::runtime_error("on purpose");
            }
        }
    };
    const ContextLocal<Fails> variable;
    variable.set(false);
    const Fails* const before = variable.get_if();
    EXPECT_THROW(variable.set(true), std::runtime_error);
    EXPECT_THROW(ContextLocal<Fails>::Scope(variable, true), std::runtime_error);
    EXPECT_EQ(variable.get_if(), before);
}

}  // namespace
}  // namespace tendril
