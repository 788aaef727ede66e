// SPDX-License-Identifier: MIT
//
// Green threads and C++20 coroutines in one program: a coroutine awaits green threads, a green thread awaits it.

#include <chrono>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <utility>

#include <tendril/coroutine.hpp>
#include <tendril/greenlet.hpp>

using namespace std::chrono_literals;

// Stands for the coroutine type of a library that the program already has.
struct Number {
    struct promise_type {
        int value = 0;
        std::coroutine_handle<> awaiting = std::noop_coroutine();
        Number get_return_object() { return Number(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        auto final_suspend() const noexcept {
            struct Resume {
                bool await_ready() const noexcept { return false; }
                auto await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
                    return self.promise().awaiting;
                }
                void await_resume() const noexcept {}
            };
            return Resume{};
        }
        void return_value(int v) { value = v; }
        void unhandled_exception() { std::terminate(); }
    };
    explicit Number(std::coroutine_handle<promise_type> h) : handle(h) {}
    Number(Number&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
    ~Number() {
        if (handle) {
            handle.destroy();
        }
    }
    bool await_ready() const noexcept { return false; }
    auto await_suspend(std::coroutine_handle<> by) {
        handle.promise().awaiting = by;
        return handle;
    }
    int await_resume() const { return handle.promise().value; }
    std::coroutine_handle<promise_type> handle;
};

int slow_square(int n) {
    tendril::sleep(10ms);  // blocking code
    return n * n;
}

Number sum_of_squares() {
    const auto three = tendril::spawn(slow_square, 3);
    const auto four = tendril::spawn(slow_square, 4);  // both sleep at the same time
    co_return co_await three + co_await four;
}

int main() {
    std::printf("%d\n", tendril::await(sum_of_squares()));
    const auto first = tendril::spawn_awaitable(sum_of_squares());
    const auto second = tendril::spawn_awaitable(sum_of_squares());
    std::printf("%d\n", first.get() + second.get());
}
