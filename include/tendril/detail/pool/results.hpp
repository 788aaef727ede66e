// SPDX-License-Identifier: MIT
//
// Results: an input range of what jobs return; what Imap and Pile share. Not for users by its name.

#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <tendril/detail/hub/spawn.hpp>
#include <tendril/greenlet.hpp>

namespace tendril::detail {

// Derived has AnyGreenlet take(): the next job that has ended, or a handle that refers to none.
template <class Derived, class R>
class Results {
public:
    using Value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

    // Waits for the next result. Returns: nothing at the end. Yields.
    // Throws: what its job threw, GreenletKilled if somebody killed it; the results after it can still be asked for.
    // Interrupt: nothing is taken.
    std::optional<Value> next() {
        if (!advance()) {
            return std::nullopt;
        }
        if constexpr (std::is_void_v<R>) {
            now_.get();
            return Value();
        } else {
            return std::move(now_).get();
        }
    }

    // The same as a range, to be walked once. Dereferencing throws what the job threw; walking on is possible then.
    class Iterator {
    public:
        using difference_type = std::ptrdiff_t;
        using value_type = Value;

        explicit Iterator(Results& results) : results_(results.advance() ? &results : nullptr) {}
        Value& operator*() const { return results_->value(); }
        Iterator& operator++() {
            results_ = results_->advance() ? results_ : nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept { return it.results_ == nullptr; }

    private:
        Results* results_;
    };
    Iterator begin() { return Iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    bool advance() {
        now_ = HandleMaker::as<Greenlet<R>>(static_cast<Derived&>(*this).take());
        return static_cast<bool>(now_);
    }
    Value& value() {
        if constexpr (std::is_void_v<R>) {
            now_.get();
            return nothing_;
        } else {
            return std::as_const(now_).get();
        }
    }

    Greenlet<R> now_;
    [[no_unique_address]] std::monostate nothing_;
};

}  // namespace tendril::detail
