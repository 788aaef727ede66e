// SPDX-License-Identifier: MIT
// Floor: sync
//
// Green threads and C++20 coroutines, of any library's coroutine type, in both directions.
//
//     Task<Page> fetch(Url url) {                                    // a coroutine
//         co_return parse(co_await spawn([&] { return download(url); }));
//     }
//     Page page = tendril::await(fetch(url));                        // in a green thread
//     Greenlet<Page> later = tendril::spawn_awaitable(fetch(url));
//
// `co_await` of a Greenlet or an AsyncResult suspends the coroutine; it goes on in the hub's own green thread, where it
// must not wait as green threads do (HubBlocked), but may co_await again. await() parks the green thread; the coroutine
// may go on on any OS thread, and wakes the green thread from there. Example: examples/coroutine.cpp

#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <tendril/async_result.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/shared_event.hpp>

namespace tendril {

namespace detail {

template <class A>
decltype(auto) awaiter_of(A&& awaitable) {
    if constexpr (requires { std::forward<A>(awaitable).operator co_await(); }) {
        return std::forward<A>(awaitable).operator co_await();
    } else if constexpr (requires { operator co_await(std::forward<A>(awaitable)); }) {
        return operator co_await(std::forward<A>(awaitable));
    } else {
        return std::forward<A>(awaitable);
    }
}

// What `co_await` of an A results in.
template <class A>
using AwaitedResult = decltype(awaiter_of(std::declval<A>()).await_resume());

template <class A>
concept Awaitable = requires(A a) {
    awaiter_of(std::move(a)).await_ready();
    awaiter_of(std::move(a)).await_resume();
};

// Suspends a coroutine until the source calls back: a Greenlet or an AsyncResult.
template <class Source>
class LinkAwaiter {
public:
    explicit LinkAwaiter(Source source) : source_(std::move(source)) {}
    bool await_ready() const { return source_.ready(); }
    void await_suspend(std::coroutine_handle<> coroutine) {
        link_ = source_.link([coroutine](const auto&) { coroutine.resume(); });
    }
    decltype(auto) await_resume() const { return source_.get(); }

private:
    Source source_;
    Link link_;  // a coroutine that is destroyed while it waits is not resumed
};

// Shared by a green thread in await() and the coroutine that it waits for, which goes on if the green thread is killed.
template <class R>
struct Awaited {
    using Value = std::conditional_t<std::is_reference_v<R>, std::reference_wrapper<std::remove_reference_t<R>>, R>;
    SharedEvent done;
    std::exception_ptr error;
    std::optional<std::conditional_t<std::is_void_v<R>, std::monostate, Value>> value;

    R take() {
        if (error != nullptr) {
            std::rethrow_exception(error);
        }
        if constexpr (std::is_reference_v<R>) {
            return static_cast<R>(value->get());
        } else if constexpr (!std::is_void_v<R>) {
            return std::move(*value);
        }
    }
};

// A coroutine that runs at once, and is gone when it has ended.
struct Detached {
    struct promise_type {
        Detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }  // drive() catches all
    };
};

template <class A, class R>
Detached drive(A awaitable, std::shared_ptr<Awaited<R>> state) {
    try {
        if constexpr (std::is_void_v<R>) {
            co_await std::move(awaitable);
        } else {
            state->value.emplace(co_await std::move(awaitable));
        }
    } catch (...) {
        state->error = std::current_exception();
    }
    state->done.set();
}

}  // namespace detail

// co_await a green thread's end. Results in its value, as get(). Throws: what ended it, GreenletKilled.
template <class T>
detail::LinkAwaiter<Greenlet<T>> operator co_await(Greenlet<T> greenlet) {
    return detail::LinkAwaiter<Greenlet<T>>(std::move(greenlet));
}

// co_await a result. As AsyncResult::get().
template <class T>
detail::LinkAwaiter<AsyncResult<T>> operator co_await(AsyncResult<T> result) {
    return detail::LinkAwaiter<AsyncResult<T>>(std::move(result));
}

// Waits, in a green thread, for anything that a coroutine can co_await; it is moved from.
// Returns, throws: what the co_await does. Yields: unless that does not suspend. Throws: Interrupt; the coroutine then
// goes on, and its result is dropped.
template <detail::Awaitable A>
requires(!std::is_lvalue_reference_v<A>) detail::AwaitedResult<A> await(A&& awaitable) {
    using R = detail::AwaitedResult<A>;
    auto state = std::make_shared<detail::Awaited<R>>();
    detail::drive<std::remove_cvref_t<A>, R>(std::move(awaitable), state);
    state->done.wait();
    return state->take();
}

// The same in a green thread of its own. Returns: its handle.
template <detail::Awaitable A>
requires(!std::is_lvalue_reference_v<A>) auto spawn_awaitable(A&& awaitable, Site where = Site::here()) {
    return spawn({.where = where}, [mine = std::move(awaitable)]() mutable { return tendril::await(std::move(mine)); });
}

}  // namespace tendril
