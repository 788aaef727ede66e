// SPDX-License-Identifier: MIT

#include "base/plain_thread.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <system_error>

#include <gtest/gtest.h>

#include "base/sanitizers.hpp"
#include "base/sys.hpp"

namespace tendril {
namespace {

using detail::PlainThread;

TEST(PlainThreads, RunsInAnOsThreadOfItsOwn) {
    pthread_t ran{};
    PlainThread thread([&] { ran = ::pthread_self(); });
    EXPECT_TRUE(thread.joinable());
    const pthread_t handle = thread.native_handle();
    thread.join();
    EXPECT_FALSE(thread.joinable());
    EXPECT_TRUE(::pthread_equal(handle, ran));
    EXPECT_FALSE(::pthread_equal(ran, ::pthread_self()));
}

TEST(PlainThreads, OwnsWhatItRunsAndDestroysItThere) {
    auto owned = std::make_unique<int>(7);
    int seen = 0;
    PlainThread thread([owned = std::move(owned), &seen] { seen = *owned; });
    thread.join();
    EXPECT_EQ(seen, 7);
    auto shared = std::make_shared<int>(1);
    PlainThread holder([shared] {});
    holder.join();
    EXPECT_EQ(shared.use_count(), 1);
}

TEST(PlainThreads, Moves) {
    std::atomic<int> runs{0};
    PlainThread first([&] { ++runs; });
    PlainThread second(std::move(first));
    EXPECT_FALSE(first.joinable());  // NOLINT(bugprone-use-after-move): that is what is looked at
    PlainThread third;
    EXPECT_FALSE(third.joinable());
    third = std::move(second);
    EXPECT_FALSE(second.joinable());  // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(third.joinable());
    third.join();
    EXPECT_EQ(runs, 1);
}

TEST(PlainThreads, RunsOnWhenDetached) {
    const auto go = std::make_shared<std::atomic<std::uint32_t>>(0);
    PlainThread thread([go] {
        go->store(1);
        sys::futex_wake(*go);
    });
    thread.detach();
    EXPECT_FALSE(thread.joinable());
    while (go->load() == 0) {
        sys::futex_wait(*go, 0);
    }
}

#ifndef TENDRIL_TSAN  // whose children start no OS threads after a fork()

// Returns: the signal that ended a child which ran `body`.
int signal_that_ends(const std::function<void()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        const rlimit no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        std::signal(SIGABRT, SIG_DFL);
        const int null = ::open("/dev/null", O_WRONLY);
        ::dup2(null, 2);
        body();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(PlainThreads, EndsTheProgramLikeStdThread) {
    EXPECT_EQ(signal_that_ends([] { PlainThread([] {}).join(); }), 0);
    EXPECT_EQ(signal_that_ends([] { const PlainThread dropped([] {}); }), SIGABRT);
    EXPECT_EQ(signal_that_ends([] {
                  PlainThread overwritten([] {});
                  overwritten = PlainThread();
              }),
              SIGABRT);
    EXPECT_EQ(signal_that_ends([] { PlainThread([] { throw std::runtime_error("unseen"); }).join(); }), SIGABRT);
}

#endif

TEST(PlainThreads, ThrowsWhenTheSystemHasNoThreadLeft) {
    const auto none = +[](pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) noexcept { return EAGAIN; };
    const auto before = detail::libc.pthread_create;
    detail::libc.pthread_create = none;
    const auto shared = std::make_shared<int>(1);
    try {
        PlainThread thread([shared] {});
        ADD_FAILURE() << "it started";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code().value(), EAGAIN);
    }
    detail::libc.pthread_create = before;
    EXPECT_EQ(shared.use_count(), 1);
}

}  // namespace
}  // namespace tendril
