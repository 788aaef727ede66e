// SPDX-License-Identifier: MIT
//
// Callback: a std::function that explains in one line why it cannot hold an object. Users never name it.

#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

namespace tendril::detail {

template <class Signature>
class Callback;

template <class... A>
class Callback<void(A...)> : public std::function<void(A...)> {
    using Function = std::function<void(A...)>;

public:
    Callback() = default;
    Callback(std::nullptr_t) noexcept {}  // implicit on purpose

    template <class F>
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): Callbacks are excluded
    requires(!std::derived_from<std::remove_cvref_t<F>, Callback>) Callback(F&& f)  // implicit on purpose
        : Function(checked(std::forward<F>(f))) {}

private:
    template <class F>
    static Function checked(F&& f) {
        constexpr bool callable = std::is_invocable_v<std::decay_t<F>&, A...>;
        constexpr bool copyable = std::is_copy_constructible_v<std::decay_t<F>>;
        static_assert(callable, "tendril: this callback cannot be called with its arguments; see the Callback type "
                                "of the class, or the header, for its parameters");
        static_assert(copyable, "tendril: a callback must be copyable; put what is not into a std::shared_ptr");
        if constexpr (callable && copyable) {
            return Function(std::forward<F>(f));
        } else {
            return {};
        }
    }
};

}  // namespace tendril::detail
