// SPDX-License-Identifier: MIT
// Floor: sync
//
// AsyncResult: a value, or an error, that one green thread sets once and others wait for.
//
//     AsyncResult<std::string> greeting;
//     spawn([greeting] { sleep(1s); greeting.set("Hello!"); });
//     use(greeting.get());
//
// A shared reference, like a Greenlet: copies refer to the same result, which lives as long as one of them. All of it
// belongs to the OS thread that made it; SharedQueue and offload() cross threads. Example: examples/async_result.cpp

#pragma once

#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/callback.hpp>
#include <tendril/detail/hub/record.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/link.hpp>

namespace tendril {

namespace detail {
void prepare_result(Record& record);
[[noreturn]] void refuse_second_set();
[[noreturn]] void refuse_to_wait();
void refuse_null_error(const std::exception_ptr& error);
}  // namespace detail

template <class T>
class AsyncResult {
    static_assert(!std::is_reference_v<T>, "an AsyncResult holds a value: use a pointer");
    static_assert(detail::fits_a_record<T>, "results with extended alignment: use a std::unique_ptr");

public:
    AsyncResult() : record_(::new (detail::allocate_record(sizeof(detail::Result<T>))) detail::Result<T>) {
        detail::prepare_result(*record_.get());
    }

    // Makes T from the arguments (none for void) and wakes all waiters, in the order in which they came. Never
    // switches. Throws: std::logic_error if it is already set, to a value or an error; what T's constructor throws, it
    // is not set then; WrongThread.
    template <class... A>
    void set(A&&... args) const {
        refuse_if_ready();
        if constexpr (std::is_void_v<T>) {
            static_assert(sizeof...(A) == 0, "an AsyncResult<void> is set without a value");
        } else {
            constexpr bool makes_a_value = std::is_constructible_v<T, A...>;
            static_assert(makes_a_value, "set(args...) makes a T(args...), and T cannot be made from these");
            if constexpr (makes_a_value) {
                const Making making(*record_.get());
                ::new (result().memory()) T(std::forward<A>(args)...);
            }
        }
        detail::end_record(*record_.get(), detail::Ending::value, nullptr);
    }

    // Sets the error that get() throws. Throws: std::logic_error if it is already set; std::invalid_argument for
    // nullptr; WrongThread.
    void set_exception(std::exception_ptr error) const {
        refuse_if_ready();
        detail::refuse_null_error(error);
        record_->error_seen = true;  // its setter knows of it: not reported if no caller asks
        detail::end_record(*record_.get(), detail::Ending::error, std::move(error));
    }
    template <class E>
    requires(!std::is_convertible_v<E, std::exception_ptr>) void set_exception(E error) const {
        set_exception(std::make_exception_ptr(std::move(error)));
    }

    // Waits until it is set, and returns the value or rethrows the error; again and again, to every asker. T is
    // copied out of an lvalue and moved out of `std::move(result).get()`.
    // Yields: unless it is set. Throws: TimeoutError when the deadline came first; GreenletKilled in place of an
    // Interrupt that was set; Interrupt; WrongThread.
    std::add_lvalue_reference_t<T> get(Deadline deadline = never) const& {
        detail::await_value(record_, deadline);
        if constexpr (!std::is_void_v<T>) {
            return result().value();
        }
    }
    T get(Deadline deadline = never) && {
        if constexpr (std::is_void_v<T>) {
            std::as_const(*this).get(deadline);
        } else {
            return std::move(std::as_const(*this).get(deadline));
        }
    }

    // Like get(), but throws TimeoutError rather than wait.
    std::add_lvalue_reference_t<T> get_nowait() const {
        if (detail::checked(record_).ending == detail::Ending::none) {
            detail::refuse_to_wait();
        }
        return get();
    }

    // Returns: true once it is set, by either; false when the deadline came first. Yields. Throws: Interrupt.
    bool wait() const { return detail::await_end(record_, never); }
    [[nodiscard("it says whether it was set in time")]] bool wait(Deadline deadline) const {
        return detail::await_end(record_, deadline);
    }

    // Whether it has a value or an error.
    bool ready() const noexcept { return record_.get() != nullptr && record_->ending != detail::Ending::none; }
    // Whether it has a value.
    bool successful() const noexcept { return record_.get() != nullptr && record_->ending == detail::Ending::value; }
    std::exception_ptr exception() const { return detail::error_of(record_); }  // nullptr: none, or not set

    // callback(*this) in the hub once it is set, in the order the links were added; also when it is set already. It
    // must not wait. What it throws goes to the hub's error handler. The Link unlinks when it is destroyed.
    [[nodiscard("a Link unlinks when it goes: give it a name, or keep() it")]] Link
    link(detail::Callback<void(const AsyncResult&)> callback) const {
        if (!callback) {
            throw std::invalid_argument("link() needs a callback; this one is empty");
        }
        auto run = [f = std::move(callback)](const detail::RecordPtr<detail::Record>& set) {
            f(detail::HandleMaker::make<AsyncResult>(set));
        };
        return detail::LinkMaker::make(detail::checked(record_), std::move(run), true, true);
    }

    // For wait() and iwait().
    void observe(detail::Observer& observer) const { detail::observe_end(record_, observer); }

    friend bool operator==(const AsyncResult& a, const AsyncResult& b) noexcept {
        return a.record_.get() == b.record_.get();
    }

private:
    friend struct detail::HandleMaker;
    friend struct detail::RecordAccess;
    explicit AsyncResult(detail::RecordPtr<detail::Record> record) noexcept : record_(std::move(record)) {}

    // While T's constructor runs, which may yield. What `started` of a green thread's record is.
    struct Making {
        detail::Record& record;
        explicit Making(detail::Record& r) noexcept : record(r) { record.started = true; }
        Making(const Making&) = delete;
        Making& operator=(const Making&) = delete;
        ~Making() { record.started = false; }
    };

    void refuse_if_ready() const {
        if (const detail::Record& record = detail::checked(record_);
            record.ending != detail::Ending::none || record.started) {
            detail::refuse_second_set();
        }
    }
    detail::Result<T>& result() const noexcept { return *static_cast<detail::Result<T>*>(record_.get()); }

    detail::RecordPtr<detail::Record> record_;  // a Result<T>
};

// When the green thread has ended, `to` is set as it ended: by its value (copied; moved where T cannot be copied), its
// error, or GreenletKilled; by what the copying throws. Needs no handle to be kept. Throws: std::logic_error when `to`
// is set already; WrongThread. What is set by others meanwhile stays, and a second set goes to the hub's error handler.
template <class T>
void forward(const Greenlet<T>& from, const AsyncResult<T>& to) {
    if (detail::checked(detail::RecordAccess::of(to)).ending != detail::Ending::none) {
        detail::refuse_second_set();
    }
    from.link([from, to](const AnyGreenlet&) {
            if (!from.successful()) {
                to.set_exception(from.exception());
                return;
            }
            try {
                if constexpr (std::is_void_v<T>) {
                    to.set();
                } else if constexpr (std::is_copy_constructible_v<T>) {
                    to.set(from.get());
                } else {
                    to.set(std::move(from.get()));
                }
            } catch (...) {
                if (to.ready()) {
                    throw;
                }
                to.set_exception(std::current_exception());
            }
        })
        .keep();
}

}  // namespace tendril
