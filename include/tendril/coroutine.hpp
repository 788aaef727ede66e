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

// Suspends a coroutine until the source calls back: a Greenlet or an AsyncResult. given_away: by its owner, as in
// `co_await spawn(f)`: perhaps this holds the last handle, and so the value leaves with the coroutine.
template <class Source, bool given_away>
class LinkAwaiter {
public:
    explicit LinkAwaiter(Source&& source) : source_(std::move(source)) {}
    explicit LinkAwaiter(const Source& source) : source_((checked(RecordAccess::of(source)), source)) {}
    bool await_ready() const {
        checked(RecordAccess::of(source_));
        return source_.ready();
    }
    void await_suspend(std::coroutine_handle<> coroutine) {
        link_ = source_.link([coroutine](const auto&) { coroutine.resume(); });
    }
    decltype(auto) await_resume() {
        if constexpr (given_away) {
            return std::move(source_).get();
        } else {
            return std::as_const(source_).get();
        }
    }

private:
    Source source_;
    Link link_;  // a coroutine that is destroyed while it waits is not resumed
};

// What await() returns. An rvalue reference would lead into the awaitable, which is gone by then.
template <class A>
using HandedOut = std::conditional_t<std::is_rvalue_reference_v<AwaitedResult<A>>,
                                     std::remove_cvref_t<AwaitedResult<A>>, AwaitedResult<A>>;

[[noreturn]] void refuse_lost_coroutine();  // throws std::runtime_error

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
        if (!value.has_value()) {
            refuse_lost_coroutine();
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
    // NOLINTNEXTLINE(readability-identifier-naming): the language names it
    struct promise_type {
        Detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }  // drive() catches all
    };
};

// Wakes the green thread in await(): at the end of drive(), or when another library destroys that while it waits.
template <class R>
class Waker {
public:
    explicit Waker(std::shared_ptr<Awaited<R>> state) noexcept : state_(std::move(state)) {}
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;
    ~Waker() { state_->done.set(); }

private:
    std::shared_ptr<Awaited<R>> state_;
};

// The awaitable goes before the green thread is woken: what it refers to may go with that one's frames.
template <class A, class R>
Detached drive(A given, std::shared_ptr<Awaited<R>> state) {
    const Waker<R> wakes(state);
    try {
        A awaitable(std::move(given));
        if constexpr (std::is_void_v<R>) {
            co_await std::move(awaitable);
            state->value.emplace();
        } else {
            state->value.emplace(co_await std::move(awaitable));
        }
    } catch (...) {
        state->error = std::current_exception();
    }
}

}  // namespace detail

// co_await a green thread's end. Results in what get() returns: a reference to its value for an lvalue, `co_await
// greenlet`; the value itself, moved out, for an rvalue, `co_await spawn(f)`. Throws: what ended it, GreenletKilled;
// WrongThread.
template <class T>
auto operator co_await(const Greenlet<T>& greenlet) {
    return detail::LinkAwaiter<Greenlet<T>, false>(greenlet);
}
template <class T>
auto operator co_await(Greenlet<T>&& greenlet) {
    return detail::LinkAwaiter<Greenlet<T>, true>(std::move(greenlet));
}

// co_await a result. As AsyncResult::get(), in the same way.
template <class T>
auto operator co_await(const AsyncResult<T>& result) {
    return detail::LinkAwaiter<AsyncResult<T>, false>(result);
}
template <class T>
auto operator co_await(AsyncResult<T>&& result) {
    return detail::LinkAwaiter<AsyncResult<T>, true>(std::move(result));
}

// Waits, in a green thread, for anything that a coroutine can co_await; it is moved from.
// Returns, throws: what the co_await does; an object in place of an rvalue reference. Yields: unless that does not
// suspend. Throws: std::runtime_error if another library destroys the coroutine before its end; Interrupt; the
// coroutine then goes on, and its result is dropped.
template <detail::Awaitable A>
requires(!std::is_lvalue_reference_v<A>) detail::HandedOut<A> await(A&& awaitable) {
    using R = detail::HandedOut<A>;
    auto state = std::make_shared<detail::Awaited<R>>();
    detail::drive<std::remove_cvref_t<A>, R>(std::forward<A>(awaitable), state);
    state->done.wait();
    return state->take();
}

// The same in a green thread of its own. Returns: its handle.
template <detail::Awaitable A>
requires(!std::is_lvalue_reference_v<A>) auto spawn_awaitable(A&& awaitable, Site where = Site::here()) {
    return spawn({.where = where},
                 [mine = std::forward<A>(awaitable)]() mutable { return tendril::await(std::move(mine)); });
}

}  // namespace tendril
