// SPDX-License-Identifier: MIT
//
// reinit(): going on in the child of a fork that tendril did not make.

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include <tendril/event.hpp>
#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/pipe.hpp>
#include <tendril/process.hpp>
#include <tendril/shield.hpp>
#include <tendril/signal.hpp>
#include <tendril/socket.hpp>
#include <tendril/thread_pool.hpp>
#include <tendril/timeout.hpp>
#include <tendril/watchers.hpp>

#include "children.hpp"
#include "context/sanitizer.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Runs `body` in the child of a plain fork(2), after reinit(). Returns: what it returned, the child's exit status.
int in_plain_child(const std::function<int()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        int status = 99;
        try {
            reinit();
            status = body();
        } catch (const std::exception& e) {
            std::fprintf(stderr, "in the child: %s\n", e.what());
        } catch (...) {
            status = 97;
        }
        ::_exit(status);
    }
    const Shield shield;  // a caller's Timeout must not leave the child to the tests that follow
    return wait_pid(pid);
}

TENDRIL_TEST(Reinit, TheChildOfAPlainForkSpawnsWaitsAndTalks) {
    int ran = 0;
    auto other = spawn([&] {
        ++ran;
        sleep(1ms);
        ++ran;
    });
    yield();
    auto pair = TcpSocket::pair();
    auto& ours = pair.first;  // Clang captures no structured binding
    auto& theirs = pair.second;
    auto reader = spawn([&, socket = &ours] {
        char byte = 0;
        socket->recv({&byte, 1});
        return byte;
    });
    yield();
    EXPECT_EQ(in_plain_child([&] {
                  if (!other.ready() || !other.killed() || Hub::current().stats().greenlets != 1) {
                      return 1;
                  }
                  auto [a, b] = make_pipe();
                  auto reads = spawn([&a = a] {
                      char byte = 0;
                      a.recv({&byte, 1});
                      return byte;
                  });
                  yield();
                  b.send_all("x");
                  sleep(2ms);
                  theirs.send_all("y");  // to the parent, by a descriptor that both have
                  return ran == 1 && reads.get() == 'x' ? 7 : 2;
              }),
              7);
    EXPECT_EQ(reader.get(), 'y');
    other.join();
    EXPECT_EQ(ran, 2) << "the parent's goes on";
}

TENDRIL_TEST(Reinit, HoldsInAGreenThreadOfItsOwn) {
    auto forks = spawn([] {
        const pid_t pid = ::fork();
        if (pid == 0) {
            reinit();
            sleep(1ms);
            throw 1;  // reported; the child's status is 1
        }
        return wait_pid(pid);
    });
    EXPECT_EQ(forks.get(), 1);
}

TENDRIL_TEST(Reinit, TimeoutsKillsAndSignalsWorkInTheChild) {
    EXPECT_EQ(in_plain_child([] {
                  if (with_timeout(1ms, [] { sleep(1h); })) {
                      return 1;
                  }
                  auto sleeper = spawn([] { sleep(1h); });
                  yield();
                  if (!sleeper.kill()) {
                      return 2;
                  }
                  SignalSet signals({SIGUSR1});
                  std::raise(SIGUSR1);
                  return signals.wait(10s) == SIGUSR1 ? 7 : 3;
              }),
              7);
    EXPECT_FALSE(with_timeout(5ms, [] {
        EXPECT_EQ(in_plain_child([] { return 7; }), 7);
        sleep(1h);
    })) << "the parent's Timeout holds";
}

TENDRIL_TEST(Reinit, RunsForkWatchersAndStopsTheOthers) {
    int forks = 0;
    int ticks = 0;
    const Fork fork_watcher([&] { ++forks; });
    const Timer timer(1ms, [&] { ++ticks; }, {.repeat = 1ms});
    EXPECT_EQ(in_plain_child([&] {
                  const int before = ticks;
                  sleep(5ms);
                  reinit();  // a second time: does nothing
                  return forks == 1 && ticks == before && !timer.active() ? 7 : 1;
              }),
              7);
    reinit();  // in the parent: does nothing
    EXPECT_EQ(forks, 0);
    EXPECT_TRUE(timer.active());
}

TENDRIL_TEST(Reinit, IsRefusedInACallback) {
    EXPECT_EQ(in_plain_child([] {
                  int status = 1;
                  Event done;
                  const Timer timer(0ms, [&] {
                      if (::fork() == 0) {
                          try {
                              reinit();
                          } catch (const HubBlocked&) {
                              ::_exit(7);
                          }
                          ::_exit(2);
                      }
                      done.set();
                  });
                  done.wait();
                  siginfo_t info;
                  while (sys::waitid(P_ALL, 0, info, WEXITED) == -EINTR) {
                  }
                  status = info.si_status;
                  return status;
              }),
              7);
}

#ifndef TENDRIL_TSAN  // which ends a child that starts OS threads
TENDRIL_TEST(ReinitThreads, OffloadWorksInTheChild) {
    EXPECT_EQ(offload([] { return 1; }), 1);
    EXPECT_EQ(in_plain_child([] { return offload([] { return 7; }); }), 7);
}
#endif

TENDRIL_TEST(Reinit, AChildOfAChildWorksToo) {
    EXPECT_EQ(in_plain_child([] {
                  const pid_t pid = tendril::fork();
                  if (pid == 0) {
                      ::_exit(in_plain_child([] {
                          sleep(1ms);
                          return 7;
                      }));
                  }
                  return wait_pid(pid);
              }),
              7);
}

// daemon(3) after the hub was made, and a green thread that waits: the parent ends inside of it, the child goes on.
TENDRIL_TEST(Reinit, GoesOnAfterDaemon) {
    Pipe pipe = make_pipe();
    auto waits = spawn([] { sleep(1h); });
    yield();
    const pid_t pid = tendril::fork();  // a process of its own, since daemon() ends it
    if (pid == 0) {
        pipe.reader.close();
        if (::daemon(1, 1) != 0) {
            ::_exit(1);
        }
        try {
            reinit();
            pipe.writer.send_all(::getppid() == ::getpgrp() ? "?" : "d");
            auto says = spawn([&] {
                sleep(1ms);
                pipe.writer.send_all(waits.ready() ? "ok" : "no");
            });
            says.join();
            Popen child({"true"});
            pipe.writer.send_all(child.wait() == 0 ? "!" : "?");
        } catch (const std::exception& e) {
            pipe.writer.send_all(e.what());
        }
        ::_exit(0);
    }
    pipe.writer.close();
    EXPECT_EQ(wait_pid(pid), 0) << "daemon() ended it";
    std::string said(16, '\0');
    said.resize(pipe.reader.recv_exactly({said.data(), said.size()}, 10s));
    EXPECT_EQ(said, "dok!");
    waits.kill();
}

}  // namespace
}  // namespace tendril
