// SPDX-License-Identifier: MIT

#include <tendril/coroutine.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// As other libraries have it: lazy, resumes its awaiter at its end.
template <class T>
class Lazy {
public:
    struct promise_type {
        std::coroutine_handle<> awaiting;
        std::optional<T> value;
        std::exception_ptr error;

        struct Final {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
                return self.promise().awaiting;
            }
            void await_resume() const noexcept {}
        };
        Lazy get_return_object() { return Lazy(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        Final final_suspend() const noexcept { return {}; }
        void return_value(T v) { value.emplace(std::move(v)); }
        void unhandled_exception() { error = std::current_exception(); }
    };

    Lazy(Lazy&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Lazy& operator=(Lazy&&) = delete;
    ~Lazy() {
        if (handle_) {
            handle_.destroy();
        }
    }
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> by) {
        handle_.promise().awaiting = by;
        return handle_;
    }
    T await_resume() {
        if (handle_.promise().error != nullptr) {
            std::rethrow_exception(handle_.promise().error);
        }
        return std::move(*handle_.promise().value);
    }

private:
    explicit Lazy(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    std::coroutine_handle<promise_type> handle_;
};

// Goes on on another OS thread.
struct OnAnotherThread {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const {
        std::thread([coroutine] { coroutine.resume(); }).detach();
    }
    std::thread::id await_resume() const { return std::this_thread::get_id(); }
};

Lazy<std::string> join_two() {
    const std::string a = co_await spawn([] {
        sleep(1ms);
        return std::string("a");
    });
    AsyncResult<std::string> later;
    spawn_n([later]() mutable { later.set("b"); });
    co_return a + co_await later;
}

TENDRIL_TEST(Coroutine, AwaitsGreenThreadsAndIsAwaitedByThem) {
    EXPECT_EQ(tendril::await(join_two()), "ab");
    EXPECT_EQ(spawn_awaitable(join_two()).get(), "ab");
}

TENDRIL_TEST(Coroutine, AnEndedOneDoesNotSuspendIt) {
    const auto ended = spawn([] { return 5; });
    ended.join();
    const auto coroutine = [](Greenlet<int> greenlet) -> Lazy<int> { co_return co_await greenlet; };
    EXPECT_EQ(tendril::await(coroutine(ended)), 5);
}

TENDRIL_TEST(Coroutine, ErrorsPassBothWays) {
    const auto coroutine = []() -> Lazy<int> {
        try {
            co_await spawn([] { throw std::runtime_error("inner"); });
        } catch (const std::runtime_error& e) {
            throw std::runtime_error(std::string("outer of ") + e.what());
        }
        co_return 0;
    };
    try {
        tendril::await(coroutine());
        ADD_FAILURE() << "no error";
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "outer of inner");
    }
    const auto awaits_a_killed_one = []() -> Lazy<int> {
        const auto victim = spawn([] { sleep(1h); });
        spawn_n([victim] { victim.kill(); });
        co_await victim;
        co_return 0;
    };
    EXPECT_THROW(tendril::await(awaits_a_killed_one()), GreenletKilled);
}

TENDRIL_TEST(CoroutineThreads, MayGoOnOnAnotherOsThread) {
    for (int i = 0; i < 20; ++i) {
        EXPECT_NE(tendril::await(OnAnotherThread()), std::this_thread::get_id());
    }
}

TENDRIL_TEST(CoroutineThreads, AGreenThreadIsAwaitedOnItsOwnOsThreadOnly) {
    const auto waits = spawn([] { sleep(1h); });
    const AsyncResult<int> result;
    const auto coroutine = [&]() -> Lazy<int> {
        co_await OnAnotherThread();
        int refused = 0;
        try {
            co_await waits;
        } catch (const WrongThread&) {
            ++refused;
        }
        try {
            co_await result;
        } catch (const WrongThread&) {
            ++refused;
        }
        co_return refused;
    };
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(tendril::await(coroutine()), 2);
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << "a handle was copied there";
    waits.kill();
}

TENDRIL_TEST(Coroutine, MustNotWaitAsGreenThreadsDo) {
    const auto coroutine = []() -> Lazy<int> {
        co_await spawn([] { yield(); });
        sleep(1ms);
        co_return 0;
    };
    EXPECT_THROW(tendril::await(coroutine()), HubBlocked);
}

TENDRIL_TEST(Coroutine, AKillOrATimeoutLeavesItToItself) {
    bool ended = false;
    Event go;
    const auto coroutine = [&]() -> Lazy<int> {
        co_await spawn([&] { go.wait(); });
        ended = true;
        co_return 0;
    };
    EXPECT_FALSE(with_timeout(1ms, [&] { tendril::await(coroutine()); }));
    const auto waiting = spawn_awaitable(coroutine());
    yield();
    waiting.kill();
    EXPECT_TRUE(waiting.killed());
    EXPECT_FALSE(ended);
    go.set();
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_TRUE(ended);
}

TENDRIL_TEST(Coroutine, GetsTheValueItselfOfWhatWasGivenAway) {
    const auto make = [] { return std::make_unique<std::string>(100, 'x'); };
    const std::unique_ptr<std::string> awaited = tendril::await(spawn(make));  // no other handle
    EXPECT_EQ(*awaited, std::string(100, 'x'));
    AsyncResult<std::unique_ptr<std::string>> later;
    spawn_n([later, make] { later.set(make()); });
    EXPECT_EQ(*tendril::await(std::move(later)), std::string(100, 'x'));
    const auto kept = spawn([] { return std::string(100, 'y'); });
    const auto coroutine = [&]() -> Lazy<std::string> {
        const std::unique_ptr<std::string> moved = co_await spawn(make);
        const std::string& same = co_await kept;
        EXPECT_EQ(&same, &kept.get());
        co_return *moved + same;
    };
    EXPECT_EQ(tendril::await(coroutine()), std::string(100, 'x') + std::string(100, 'y'));
    EXPECT_EQ(kept.get(), std::string(100, 'y')) << "moved out of a handle that was kept";
    int number = 0;
    EXPECT_EQ(&tendril::await(spawn([&]() -> int& { return number; })), &number);
}

// As many libraries' tasks do for an rvalue.
TENDRIL_TEST(Coroutine, AReferenceIntoTheAwaitableIsHandedOutAsAnObject) {
    struct Task {
        std::string text;
        bool await_ready() const noexcept { return true; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        std::string&& await_resume() { return std::move(text); }
    };
    static_assert(std::is_same_v<decltype(tendril::await(Task{})), std::string>);
    EXPECT_EQ(tendril::await(Task{std::string(100, 'x')}), std::string(100, 'x'));
}

// What it refers to is mostly in frames of the green thread that waits.
TENDRIL_TEST(CoroutineThreads, TheAwaitableIsGoneBeforeTheGreenThreadGoesOn) {
    struct Owner {
        std::atomic<bool>* gone;
        explicit Owner(std::atomic<bool>* flag) noexcept : gone(flag) {}
        Owner(Owner&& other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
        Owner& operator=(Owner&&) = delete;
        ~Owner() {
            if (gone != nullptr) {
                std::this_thread::yield();
                *gone = true;
            }
        }
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> coroutine) const {
            std::thread([coroutine] { coroutine.resume(); }).detach();
        }
        void await_resume() const noexcept {}
    };
    for (int i = 0; i < 50; ++i) {
        std::atomic<bool> gone{false};
        tendril::await(Owner(&gone));
        EXPECT_TRUE(gone);
    }
}

TENDRIL_TEST(Coroutine, OneThatAnotherLibraryDestroysWakesItsGreenThread) {
    struct Never {
        std::coroutine_handle<>* waiting;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> coroutine) const noexcept { *waiting = coroutine; }
        int await_resume() const noexcept { return 0; }
    };
    std::coroutine_handle<> waiting;
    const auto waits = spawn_awaitable(Never{&waiting});
    yield();
    waiting.destroy();
    EXPECT_TRUE(waits.join(10s));
    EXPECT_THROW(waits.get(), std::runtime_error);
}

// Whose frame a coroutine library destroys while it waits.
TENDRIL_TEST(Coroutine, OneThatIsDestroyedWhileItWaitsIsNotResumed) {
    Event go;
    struct Owned {
        struct promise_type {
            Owned get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
            std::suspend_never initial_suspend() const noexcept { return {}; }
            std::suspend_always final_suspend() const noexcept { return {}; }
            void return_void() const noexcept {}
            void unhandled_exception() const noexcept { std::terminate(); }
        };
        std::coroutine_handle<promise_type> handle;
    };
    bool resumed = false;
    const auto waiter = spawn([&] { go.wait(); });
    const auto coroutine = [&]() -> Owned {
        co_await waiter;
        resumed = true;
    };
    coroutine().handle.destroy();
    go.set();
    waiter.join();
    EXPECT_TRUE(Hub::current().run_until_idle());
    EXPECT_FALSE(resumed);
}

}  // namespace
}  // namespace tendril
