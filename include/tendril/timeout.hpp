// SPDX-License-Identifier: MIT
// Floor: sync
//
// Timeout: bounds everything that the green thread does while it lives.
//
//     try {
//         Timeout limit(2s);
//         page = fetch(url);                // may wait in many places
//     } catch (const Timeout::Expired&) { ... }
//
// or, shorter and safe when timeouts nest:
//
//     std::optional<Page> page = with_timeout(2s, [&] { return fetch(url); });
//
// When it expires, Expired is thrown at the place where the green thread waits, or at its next wait; never into code
// that only computes, unwinds, or holds a Shield; nor into a wait that was decided before it expired. Once: who
// catches it may go on. Its text says what happened:
//
//     a Timeout of 2 s (fetch.cpp:41) expired while green thread 17 "reader" waited in recv for 1.98 s
//
// Example: examples/timeout.cpp

#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/late_text.hpp>
#include <tendril/detail/hub/expiry.hpp>
#include <tendril/detail/hub/timer.hpp>
#include <tendril/error.hpp>
#include <tendril/site.hpp>

namespace tendril {

namespace detail {
struct Fiber;

template <class F, class T>
concept falls_back = std::invocable<F> && std::convertible_to<T, std::invoke_result_t<F>>;

// A Deadline, and the place of the call that it is given to: see InCall in detail/hub/spawn.hpp.
class DeadlineInCall {
public:
    template <std::convertible_to<Deadline> Given>
    DeadlineInCall(const Given& given, Site at = Site::here()) : deadline_(given), at_(at) {}
    Deadline deadline() const noexcept { return deadline_; }
    Site place() const noexcept { return at_; }

private:
    Deadline deadline_;
    Site at_;
};
}  // namespace detail

class Timeout : detail::Timer, detail::Expiry {
public:
    // What it throws. An Interrupt, not a std::exception. what() makes its text when it is asked first: throwing costs
    // no formatting.
    class Expired : public Interrupt {
    public:
        const char* what() const noexcept override;

        // Those of the Timeout that threw it: see length() and where() there.
        std::chrono::nanoseconds length() const noexcept { return std::chrono::nanoseconds(facts_.length_ns); }
        // Where it was made.
        Site where() const noexcept { return {.file = facts_.file, .function = "", .line = facts_.line}; }

    private:
        friend class Timeout;
        struct Facts {
            std::uint64_t serial;  // the Timeout's
            std::int64_t length_ns;
            const char* file;
            int line;
            detail::BrokenWait wait;
            std::int64_t waited_ns;
            std::uint64_t id;  // the green thread's
            char name[48];     // or its beginning; it ends with a zero byte
        };
        explicit Expired(const Facts& facts) noexcept : facts_(facts) {}
        std::string text() const;

        Facts facts_;
        detail::LateText text_;
    };

    // Armed from here on, for the green thread that runs. A deadline that has passed already expires at the next
    // wait, even at a yield(); `never` does nothing. `at`: the place that Expired names, which is that of the call.
    // What makes a Timeout for others, such as std::optional::emplace(), passes Site::here() itself.
    [[nodiscard("a Timeout ends with its variable: give it a name")]] explicit Timeout(Deadline deadline,
                                                                                       Site at = Site::here())
        : Timer(&Timeout::on_time), Expiry(&Timeout::on_throw), file_(at.file), line_(at.line) {
        start(deadline);
    }

    // Throws `error` instead of Expired. Throws: std::invalid_argument when it is null.
    [[nodiscard("a Timeout ends with its variable: give it a name")]] Timeout(Deadline deadline,
                                                                              std::exception_ptr error,
                                                                              Site at = Site::here());

    Timeout(const Timeout&) = delete;
    Timeout& operator=(const Timeout&) = delete;
    ~Timeout();  // in the same green thread; cancels

    // Also by another green thread of the same hub, unless it has broken off a wait already.
    void cancel() noexcept;         // will not be thrown any more, unless it has been
    void reset(Deadline deadline);  // cancels, and begins again
    bool pending() const noexcept;  // armed, or expired but not thrown yet
    bool expired() const noexcept;  // has been thrown

    // Is this the very object that threw e? Nested timeouts tell themselves apart by it.
    bool threw(const Expired& e) const noexcept { return e.facts_.serial == serial_; }

    // What it was last armed with, whether or not it is pending: the moment, and the time from arming until then. That
    // is a little less than the span that was given, since a Deadline counts from where it is built; zero if the moment
    // had passed already, `forever` for never.
    Deadline deadline() const noexcept { return deadline_; }
    std::chrono::nanoseconds length() const noexcept { return std::chrono::nanoseconds(length_ns_); }
    // What it throws in place of Expired; nullptr: Expired.
    const std::exception_ptr& error() const noexcept { return error_; }
    // Where it was made.
    Site where() const noexcept {
        return {.file = file_, .function = "", .line = line_};
    }  // the place that Expired names

private:
    static void on_time(detail::Timer& self) noexcept;
    static void on_throw(detail::Expiry& self, const detail::BrokenWait& wait);
    void start(Deadline deadline);
    void arm(Deadline deadline);

    detail::Fiber* fiber_ = nullptr;
    std::uint64_t serial_ = 0;
    Deadline deadline_;
    std::int64_t length_ns_ = 0;
    const char* const file_;  // where it was made
    const int line_;
    bool thrown_ = false;
    std::exception_ptr error_;
};

// f(args...) with a Timeout around it.
// Returns: its result, or nullopt when this timeout expired (true or false for a void f). Another Timeout's expiry
// passes through.
template <class F, class... A>
requires std::invocable<F, A...>
auto with_timeout(detail::DeadlineInCall deadline, F&& f, A&&... args) {
    using R = std::invoke_result_t<F, A...>;
    static_assert(!std::is_reference_v<R>, "let the function return a value or a pointer");
    Timeout timeout(deadline.deadline(), deadline.place());
    try {
        if constexpr (std::is_void_v<R>) {
            std::invoke(std::forward<F>(f), std::forward<A>(args)...);
            return true;
        } else {
            return std::optional<R>(std::invoke(std::forward<F>(f), std::forward<A>(args)...));
        }
    } catch (const Timeout::Expired& e) {
        if (!timeout.threw(e)) {
            throw;
        }
    }
    if constexpr (std::is_void_v<R>) {
        return false;
    } else {
        return std::optional<R>();
    }
}

// f() with a Timeout around it; its result, or `fallback` when this timeout expired.
template <class F, class T>
requires detail::falls_back<F, T>
auto with_timeout(detail::DeadlineInCall deadline, F&& f, T&& fallback) -> std::invoke_result_t<F> {
    auto result = with_timeout(deadline, std::forward<F>(f));
    return result ? *std::move(result) : static_cast<std::invoke_result_t<F>>(std::forward<T>(fallback));
}

// What cannot be called: it says so.
template <class F, class... A>
requires(!std::invocable<F, A...> &&
         !(sizeof...(A) == 1 &&
           (detail::falls_back<F, A> && ...))) std::optional<bool> with_timeout(detail::DeadlineInCall, F&&, A&&...) {
    static_assert(
        std::invocable<F, A...>,
        "tendril::with_timeout(deadline, f, args...): f cannot be called with these arguments; as a fallback, "
        "one argument must convert to what f() returns");
    return {};
}

}  // namespace tendril
