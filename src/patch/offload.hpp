// SPDX-License-Identifier: MIT
//
// offload_unthrown(): runs a function that blocks in an OS thread of the pool that the hooks share, while the calling
// green thread is parked.
//
// A kill or a Timeout leaves the function behind: it runs to its end, and what it returned is destroyed. So it owns all
// that it reads and writes, and must do nothing that its caller would have to take back: no lock is taken there.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "patch/green.hpp"

namespace tendril::patch::detail {

// Runs it in the pool, or here if there is neither memory nor an OS thread for it.
// Returns: false if the wait was interrupted. Requires: may_park().
bool run_in_pool(const char* what, std::function<void()> f) noexcept;

// Returns: what f() returned; nothing if the wait was interrupted. Throws: std::bad_alloc, f has not run then.
template <class F>
std::optional<std::invoke_result_t<F&>> offload_unthrown(const char* what, F f) {
    struct Call {
        F f;
        std::optional<std::invoke_result_t<F&>> value;
    };
    const auto call = std::make_shared<Call>(Call{std::move(f), std::nullopt});
    if (!run_in_pool(what, [call] { call->value.emplace(call->f()); })) {
        return std::nullopt;
    }
    return std::move(call->value);
}

}  // namespace tendril::patch::detail
