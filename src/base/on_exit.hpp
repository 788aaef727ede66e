// SPDX-License-Identifier: MIT
//
// OnExit: calls a function at the end of its scope, however that is left.
//
//     const OnExit closed([&] { stream.close(); });

#pragma once

#include <utility>

namespace tendril::detail {

// The function must not throw: the program ends if it does.
template <class F>
class [[nodiscard("it calls its function at once, unless it has a name")]] OnExit {
public:
    explicit OnExit(F f) noexcept : f_(std::move(f)) {}
    OnExit(const OnExit&) = delete;
    OnExit& operator=(const OnExit&) = delete;
    ~OnExit() {
        f_();
    }

private:
    F f_;
};

}  // namespace tendril::detail
