// SPDX-License-Identifier: MIT
//
// fork() while other OS threads are busy: in the child every lock is free, and nothing waits for threads that are gone.

#include <tendril/fork.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>

#include <tendril/blocking_watch.hpp>
#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/process.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shared_queue.hpp>
#include <tendril/thread_pool.hpp>
#include <tendril/watchers.hpp>

#include "context/sanitizer.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

constexpr int rounds = 20;

// Under a sanitizer, a child's allocator stays locked if another OS thread was in it. So these tests need plain builds.
#if defined(TENDRIL_ASAN) || defined(TENDRIL_TSAN)
constexpr bool others_may_allocate = false;
#else
constexpr bool others_may_allocate = true;
#endif

// SIGALRM ends a child that hangs. Returns: its status; -1 if a signal ended it.
int status_of_child(pid_t (*how)(), const std::function<int()>& body) {
    const pid_t pid = how();
    if (pid == 0) {
        ::alarm(20);
        ::_exit(body());
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Forks again and again while another OS thread runs `other`.
void fork_amid(const std::function<void()>& other, const std::function<int()>& in_child) {
    std::atomic<bool> stop{false};
    std::thread busy([&] {
        while (!stop) {
            other();
        }
    });
    for (int i = 0; i < rounds; ++i) {
        EXPECT_EQ(status_of_child(i % 2 == 0 ? &tendril::fork : &::fork, in_child), 0) << i;
        yield();
    }
    stop = true;
    busy.join();
}

TENDRIL_TEST(ForkThreads, WhileThreadPoolsOfThisHubEnd) {
    if (!others_may_allocate) {
        return;
    }
    bool stop = false;
    auto ender = spawn([&] {
        while (!stop) {
            AsyncResult<void> result;
            {
                ThreadPool pool(1);
                result = pool.spawn([] {});
                yield();
            }
            try {
                result.get();
            } catch (const JobDropped&) {  // it had not yet begun when its pool ended
            }
        }
    });
    for (int i = 0; i < 4 * rounds; ++i) {
        EXPECT_EQ(status_of_child(&tendril::fork, [] { return 0; }), 0);
        yield();
    }
    stop = true;
    ender.join();
}

TENDRIL_TEST(ForkThreads, WhileOtherHubsComeAndGo) {
    if (!others_may_allocate) {
        return;
    }
    fork_amid([] { std::thread([] { sleep(0s); }).join(); },
              [] {
                  SharedEvent event;
                  event.set();
                  return event.is_set() ? 0 : 1;
              });
}

TENDRIL_TEST(ForkThreads, WhileThreadPoolsOfOthersComeAndGo) {
    if (!others_may_allocate) {
        return;
    }
    fork_amid([] { ThreadPool(1).spawn([] {}).get(); }, [] { return 0; });
}

TENDRIL_TEST(ForkThreads, WhileASharedQueueIsUsed) {
    SharedQueue<int> queue;
    SharedQueue<int> back;
    std::thread echo([&] {
        for (const int item : queue) {
            back.put(int(item));
        }
    });
    fork_amid(
        [&] {
            queue.put(1);
            back.get();
        },
        [&] {
            queue.put(7);  // not handed to a getter of an OS thread that is gone
            int last = 0;
            while (const auto item = queue.try_get()) {
                last = *item;
            }
            return last == 7 && queue.getting() == 0 ? 0 : 1;
        });
    queue.shutdown();
    echo.join();
}

TENDRIL_TEST(ForkThreads, WhileSignalsAreWatchedAndTheBlockingWatchIsSet) {
    if (!others_may_allocate) {
        return;
    }
    fork_amid(
        [] {
            const Signal usr2(SIGUSR2, [](int) {});
            set_blocking_watch(10s, [](const BlockReport&) {});
        },
        [] {
            set_blocking_watch(0s);
            return 0;
        });
    set_blocking_watch(0s);
}

// The handlers of exit() do not wait for OS threads that are gone.
TENDRIL_TEST(ForkThreads, APlainForksChildCanExit) {
    if (!others_may_allocate) {
        return;  // where the child would be searched for leaks
    }
    static ThreadPool pool(1);
    pool.resize(1);
    pool.spawn([] {}).get();
    set_blocking_watch(10s);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::alarm(20);
        std::exit(7);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
    set_blocking_watch(0s);
    pool.resize(0);
}

// As that of a main green thread does: its worker has no other jobs there.
TENDRIL_TEST(ForkThreads, TheChildOfAJobEndsWithTheJob) {
    if (!others_may_allocate) {
        return;  // as above
    }
    ThreadPool pool(1);
    for (pid_t (*const make)() : {&tendril::fork, static_cast<pid_t (*)()>(&::fork)}) {
        const pid_t pid = pool.apply(make);
        ASSERT_GT(pid, 0);
        try {
            EXPECT_EQ(wait_pid(pid, 20s), 0);
        } catch (const TimeoutError&) {
            ADD_FAILURE() << "the child lives on";
            ::kill(pid, SIGKILL);
            wait_pid(pid);
        }
    }
    EXPECT_EQ(pool.running(), 0u);
}

}  // namespace
}  // namespace tendril
