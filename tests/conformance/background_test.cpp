// SPDX-License-Identifier: MIT
//
// Background and daemons: every kind of wait hides LoopExit and idle, unless it is in the background.
//
// A new kind of wait is one line in `waits`.

#include <tendril/background.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tendril/dns.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/process.hpp>
#include <tendril/resource_pool.hpp>
#include <tendril/select.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shield.hpp>
#include <tendril/socket.hpp>
#include <tendril/thread_pool.hpp>
#include <tendril/timeout.hpp>
#include <tendril/udp_socket.hpp>
#include <tendril/wait.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// A resolver whose server never answers.
struct MuteServer {
    UdpSocket server = UdpSocket::bound("127.0.0.1:0");
    Resolver resolver{ResolverOptions{
        .servers = {server.local_address().to_string()}, .search = std::vector<std::string>{}, .try_timeout = 1h}};
};

struct Wait {
    const char* name;
    void (*run)();
};

const Wait waits[] = {
    {"sleep", [] { sleep(1h); }},
    {"Event with a deadline", [] { static_cast<void>(Event().wait(1h)); }},
    {"Event in a Timeout",
     [] {
         const Timeout limit(1h);
         Event().wait();
     }},
    {"recv",
     [] {
         Listener listener = listen("127.0.0.1:0");
         std::array<char, 1> byte{};
         connect(listener.address()).recv(byte);
     }},
    {"accept", [] { listen("127.0.0.1:0").accept(); }},
    {"wait_readable",
     [] {
         int ends[2];
         ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
         const Fd first(ends[0]);
         const Fd second(ends[1]);
         wait_readable(first.get());
     }},
    {"Popen::wait",
     [] {
         Popen child({"sleep", "3600"});
         struct Ended {
             Popen& child;
             ~Ended() { child.kill(); }
         } const ended{child};
         child.wait();
     }},
    {"a lookup", [] { MuteServer().resolver.resolve("a.test", 1); }},
    {"SharedEvent", [] { SharedEvent().wait(); }},
    {"a job",
     [] {
         SharedEvent end;
         ThreadPool one(1);
         struct Ended {
             SharedEvent& end;
             ~Ended() { end.set(); }
         } const ended{end};
         one.apply([&] { end.wait(); });
     }},
};

bool idle_with(bool daemon, void (*wait)()) {
    const auto waiter = spawn({.name = "waiter", .daemon = daemon}, wait);
    const bool idle = Hub::current().run_until_idle(daemon ? Deadline(never) : Deadline(20ms));
    EXPECT_FALSE(waiter.ready());
    waiter.kill();
    return idle;
}

TENDRIL_TEST(Background, NoWaitOfADaemonKeepsTheHubWaiting) {
    for (const Wait& wait : waits) {
        SCOPED_TRACE(wait.name);
        EXPECT_FALSE(idle_with(false, wait.run));
        EXPECT_TRUE(idle_with(true, wait.run));
    }
}

// More lookups than may be under way at once: who waits for a turn keeps the hub, and who has one is a daemon.
TENDRIL_TEST(Background, AWaitForTheTurnOfADaemonKeepsTheHubWaiting) {
    MuteServer mute;
    std::vector<Greenlet<void>> all;
    for (int i = 0; i < 65; ++i) {
        all.push_back(spawn({.daemon = i < 64}, [&] { mute.resolver.resolve("a.test", 1); }));
    }
    EXPECT_FALSE(Hub::current().run_until_idle(5ms));
    all.back().kill();
    EXPECT_TRUE(Hub::current().run_until_idle(1h));
    kill_all(all);
}

TENDRIL_TEST(Background, WaitsEndAsUsualWhileSomethingElseIsAwaited) {
    int woken = 0;
    const auto daemon = spawn({.daemon = true}, [&] {
        for (;;) {
            sleep(1ms);
            ++woken;
        }
    });
    while (woken < 3) {
        sleep(1ms);
    }
    daemon.kill();
}

TENDRIL_TEST(Background, EndsWithItsScope) {
    bool left = false;
    const auto waiter = spawn([&] {
        {
            const Background outer;
            {
                const Background inner;
                sleep(1ms);
            }
            EXPECT_FALSE(with_timeout(1ms, [] { sleep(1h); }));
        }
        left = true;
        sleep(1h);
    });
    while (!left) {
        sleep(1ms);
    }
    EXPECT_FALSE(Hub::current().run_until_idle(1ms));
    waiter.kill();
}

TENDRIL_TEST(Background, IsInheritedByWhatItSpawns) {
    Greenlet<void> later;
    Greenlet<void> now;
    {
        const Background background;
        later = spawn_after(1h, [] {});
        now = spawn([] { sleep(1h); });
    }
    EXPECT_TRUE(Hub::current().run_until_idle());
    later.kill();
    now.kill();
}

TENDRIL_TEST(Background, AKilledWaitLeavesNothingBehind) {
    const auto waiter = spawn({.daemon = true}, [] { sleep(1h); });
    yield();
    waiter.kill();
    waiter.join();
    const auto other = spawn([] { sleep(1h); });
    EXPECT_FALSE(Hub::current().run_until_idle(1ms));
    other.kill();
}

TENDRIL_TEST(Background, ADaemonThatObservesAChildTakesNothingFromTheOthers) {
    Popen child({"sleep", "0.05"});
    const auto counts = spawn([&] { wait({AnyWaitable(child)}); });
    yield();
    spawn_n({.daemon = true}, [&] { wait({AnyWaitable(child)}); });
    yield();
    counts.join();
    EXPECT_EQ(child.wait(), 0);
}

TENDRIL_TEST(Background, TheCleanupOfAResourceThatADaemonUsedIsAwaited) {
    ResourcePool<int> pool([] { return 1; }, {.max = 1, .cleanup = [](int&) { sleep(1ms); }});
    spawn_n({.daemon = true}, [&] {
        const auto lease = pool.get();
        yield();
    });
    yield();
    const auto counts = spawn([&] { pool.get().skip_cleanup(); });
    counts.join();
    EXPECT_EQ(pool.idle(), 1u);
}

// Else main, which waits for this test, would get a LoopExit.
TENDRIL_TEST(Background, AKillEndsItForTheWholeUnwinding) {
    struct Waits {
        bool last = true;
        Waits() = default;
        Waits(Waits&& other) noexcept : last(std::exchange(other.last, false)) {}
        Waits& operator=(Waits&&) = delete;
        ~Waits() {
            if (last) {
                sleep(1ms);
            }
        }
    };
    const auto nested = spawn({.daemon = true}, [] {
        const Waits at_the_end;
        const Background inner;
        sleep(1h);
    });
    yield();
    nested.kill();
    EXPECT_TRUE(nested.killed());
    const auto not_begun = spawn({.daemon = true}, [w = Waits()] {});
    not_begun.kill();
    EXPECT_TRUE(not_begun.killed());
}

TENDRIL_TEST(Background, AKilledDaemonBehindAShieldIsAwaited) {
    bool slept = false;
    const auto sleeper = spawn({.daemon = true}, [&] {
        const Shield shield;
        sleep(5ms);
        slept = true;
    });
    yield();
    sleeper.kill();
    EXPECT_TRUE(slept);
}

TENDRIL_TEST(Background, MainGetsItsLoopExit) {
    std::thread([] {
        const auto daemon = spawn({.daemon = true}, [] { sleep(1h); });
        EXPECT_THROW(Event().wait(), LoopExit);
        daemon.kill();
    }).join();
}

}  // namespace
}  // namespace tendril
