// SPDX-License-Identifier: MIT

#include <tendril/fork.hpp>

#include <atomic>
#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include <tendril/async_result.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/pool.hpp>
#include <tendril/queue.hpp>
#include <tendril/socket.hpp>
#include <tendril/thread_pool.hpp>
#include <tendril/timeout.hpp>
#include <tendril/watchers.hpp>

#include "base/sys.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Waits for the child, in the hub. Returns: its status; 1000 + the signal that ended it.
int status_of(pid_t pid) {
    AsyncResult<int> result;
    const Child child(pid, [&](const ChildStatus& s) { result.set(s.signal != 0 ? 1000 + s.signal : s.code); });
    return result.get(60s);
}

// Runs `body` in a child, and no other code of the test. Returns: what `body` returned, which is the exit status.
int in_child(const std::function<int()>& body) {
    const pid_t pid = fork();
    if (pid == 0) {
        int status = 99;
        try {
            status = body();
        } catch (const std::exception& e) {
            std::fprintf(stderr, "in the child: %s\n", e.what());
            status = 98;
        } catch (...) {
            status = 97;
        }
        ::_exit(status);
    }
    return status_of(pid);
}

TENDRIL_TEST(Fork, LeavesOnlyTheCallerInTheChild) {
    int ran = 0;
    auto other = spawn([&] {
        ++ran;
        sleep(10ms);
        ++ran;
    });
    yield();
    EXPECT_EQ(in_child([&] {
                  sleep(30ms);
                  const bool killed = other.ready() && other.killed() && other.join(0s);
                  return ran == 1 && killed && Hub::current().stats().greenlets == 1 ? 7 : 1;
              }),
              7);
    other.join();
    EXPECT_EQ(ran, 2) << "the parent's goes on";
}

TENDRIL_TEST(Fork, TheChildSpawnsWaitsAndTalks) {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket before = connect(listener.address());
    TcpSocket accepted = listener.accept();
    EXPECT_EQ(in_child([&] {
                  auto echo = spawn([&] {
                      char byte = 0;
                      TcpSocket peer = listener.accept();
                      peer.recv({&byte, 1});
                      peer.send_all({&byte, 1});
                  });
                  TcpSocket client = connect(listener.address());
                  char byte = 'x';
                  client.send_all({&byte, 1});
                  byte = 0;
                  client.recv_exactly({&byte, 1});
                  echo.get();
                  accepted.send_all("from the child");
                  return byte == 'x' ? 7 : 1;
              }),
              7);
    std::string got(14, 0);
    before.recv_exactly(got);
    EXPECT_EQ(got, "from the child");
}

// The parent waits for a socket in its hub while the child, which shares it, waits too: neither steals from the other.
TENDRIL_TEST(Fork, ParentAndChildDoNotShareTheirEvents) {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket a = connect(listener.address());
    TcpSocket b = listener.accept();
    auto reader = spawn([&] {
        char byte = 0;
        return b.recv({&byte, 1}) == 1 ? byte : 0;
    });
    yield();
    EXPECT_EQ(in_child([&] {
                  b.close();  // its copy: the parent still waits
                  sleep(20ms);
                  return 7;
              }),
              7);
    EXPECT_FALSE(reader.ready());
    a.send_all("y");
    EXPECT_EQ(reader.get(), 'y');
}

TENDRIL_TEST(Fork, ATimeoutOfTheCallerHoldsInBoth) {
    const auto expires = [] {
        try {
            sleep(1h);
        } catch (const Timeout::Expired&) {
            return true;
        }
        return false;
    };
    pid_t pid = -1;
    {
        const Timeout timeout(30ms);
        pid = fork();
        if (pid == 0) {
            ::_exit(expires() ? 7 : 1);
        }
        EXPECT_TRUE(expires());
    }
    EXPECT_EQ(status_of(pid), 7);
}

TENDRIL_TEST(Fork, TimeoutsOfOthersDoNotKeepTheChildAsleep) {
    auto other = spawn([] {
        const Timeout timeout(1h);
        sleep(1h);
    });
    yield();
    EXPECT_EQ(in_child([&] { return Hub::current().run_until_idle(10s) ? 7 : 1; }), 7);
    other.kill();
}

// Nothing in the child can wake the caller, the only green thread left there: it gets LoopExit.
TENDRIL_TEST(Fork, LoopExitComesToTheCaller) {
    Event never_set;
    auto other = spawn([&] { sleep(1h); });
    yield();
    EXPECT_EQ(in_child([&] {
                  try {
                      never_set.wait();
                  } catch (const LoopExit&) {
                      return 7;
                  }
                  return 1;
              }),
              7);
    other.kill();
}

TENDRIL_TEST(Fork, NothingIsHandedToWaitersThatStayedBehind) {
    Queue<int> queue(1);
    auto getter = spawn([&] { return queue.get(); });
    yield();
    EXPECT_EQ(in_child([&] {
                  queue.put(5);
                  return queue.get(0s) == 5 ? 7 : 1;
              }),
              7);
    queue.put(1);
    EXPECT_EQ(getter.get(), 1);
}

TENDRIL_TEST(Fork, APoolInTheChildHasLostItsMembers) {
    Pool pool(2);
    pool.spawn([] { sleep(20ms); });
    pool.spawn([] { sleep(20ms); });
    yield();
    EXPECT_EQ(in_child([&] {
                  pool.join();
                  int n = 0;
                  for (int i = 0; i < 4; ++i) {
                      pool.spawn([&] {
                          sleep(1ms);
                          ++n;
                      });
                  }
                  pool.join();
                  return n == 4 ? 7 : 1;
              }),
              7);
    pool.join();
}

TENDRIL_TEST(Fork, LinksOfTheParentDoNotRunInTheChild) {
    int linked = 0;
    auto other = spawn([] { sleep(1h); });
    const Link link = other.link([&](const AnyGreenlet&) { ++linked; });
    yield();
    EXPECT_EQ(in_child([&] {
                  sleep(5ms);
                  return linked == 0 ? 7 : 1;
              }),
              7);
    other.kill();
    yield();
    yield();
    EXPECT_EQ(linked, 1);
}

// TM07 ★
TENDRIL_TEST(Fork, ThreadPoolsWorkInTheChild) {
    ThreadPool pool(2);
    EXPECT_EQ(pool.spawn([] { return 1; }).get(), 1);
    auto pending = pool.spawn([] {
        std::this_thread::sleep_for(20ms);
        return 2;
    });
    EXPECT_EQ(in_child([&] {
                  const bool lost = pending.ready() && !pending.successful();
                  return lost && pool.spawn([] { return 3; }).get(30s) == 3 ? 7 : 1;
              }),
              7);
    EXPECT_EQ(pending.get(), 2);
}

// TC14
TENDRIL_TEST(Fork, WatchersStopButForksRun) {
    int ticks = 0;
    int forks = 0;
    Timer timer(1ms, [&] { ++ticks; }, {.repeat = 1ms});
    const Fork watcher([&] { ++forks; });
    EXPECT_EQ(in_child([&] {
                  const bool stopped = !timer.active() && forks == 1 && watcher.active();
                  ticks = 0;
                  sleep(10ms);
                  const bool quiet = ticks == 0;
                  timer.start();
                  sleep(10ms);
                  return stopped && quiet && ticks > 0 ? 7 : 1;
              }),
              7);
    EXPECT_EQ(forks, 0) << "not in the parent";
}

TENDRIL_TEST(Fork, SignalsHaveTheirOldEffectInTheChild) {
    int came = 0;
    const Signal watcher(SIGTERM, [&](int) { ++came; });
    EXPECT_EQ(in_child([&] {
                  ::raise(SIGTERM);
                  sleep(5ms);
                  return 1;
              }),
              1000 + SIGTERM);
    ::raise(SIGTERM);
    sleep(5ms);
    EXPECT_EQ(came, 1);
}

// The same for signals that only the hub of another OS thread watched, which the child does not have.
TENDRIL_TEST(Fork, SignalsOfOtherHubsHaveTheirOldEffectInTheChild) {
    std::atomic<bool> watched{false};
    std::atomic<bool> over{false};
    std::thread other([&] {
        const Signal watcher(SIGUSR2, [](int) {});
        watched = true;
        while (!over) {
            sleep(1ms);
        }
    });
    while (!watched) {
        sleep(1ms);
    }
    EXPECT_EQ(in_child([&] {
                  ::raise(SIGUSR2);
                  sleep(5ms);
                  return 1;
              }),
              1000 + SIGUSR2);
    over = true;
    other.join();
}

TENDRIL_TEST(Fork, AFailedOneChangesNothing) {
    sys::set_fault_hook(
        [](sys::Call call, int) noexcept -> sys::Fault { return call == sys::Call::fork ? EAGAIN : 0; });
    try {
        fork();
        ADD_FAILURE() << "forked";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code().value(), EAGAIN);
    }
    sys::set_fault_hook(nullptr);
    auto g = spawn([] { return 1; });
    EXPECT_EQ(g.get(), 1);
}

TENDRIL_TEST(Fork, IsRefusedInACallback) {
    std::string said;
    const Timer timer(0ms, [&] {
        try {
            fork();
        } catch (const HubBlocked& e) {
            said = e.what();
        }
    });
    sleep(5ms);
    EXPECT_NE(said, "");
}

// The child of a plain fork(2) must not take the parent's events; exec there is harmless.
TEST(PlainFork, RefusesToWait) {
    std::thread([] {
        auto sleeper = spawn([] { sleep(20ms); });
        yield();
        const pid_t refused = ::fork();
        if (refused == 0) {
            try {
                sleep(1h);
            } catch (const std::logic_error&) {
                ::_exit(7);
            }
            ::_exit(1);
        }
        const pid_t runs = ::fork();
        if (runs == 0) {
            ::execl("/bin/true", "true", nullptr);
            ::_exit(127);
        }
        EXPECT_EQ(status_of(refused), 7);
        EXPECT_EQ(status_of(runs), 0);
        sleeper.join();
    }).join();
}

}  // namespace
}  // namespace tendril
