// SPDX-License-Identifier: MIT
//
// InCall: options, and the place of the call that they are given to, where they name none. Not for users.
//
// A default argument could tell the place, but none can follow any number of arguments. So the options bring it with
// them. A variable, a member or what a function returns becomes an InCall at the call, and a default argument of that
// conversion tells where that is. A braced list, {.name = "x"}, can only become an aggregate, whose default member
// initialisers tell where the list stands. So there are two overloads of each function: one takes an InCall, the other
// such an aggregate (SpawnBraces).

#pragma once

#include <concepts>

#include <tendril/site.hpp>

namespace tendril::detail {

template <class Options>
class InCall {
public:
    template <std::derived_from<Options> Given>  // so that no braced list becomes one
    InCall(const Given& given, Site at = Site::here()) noexcept : options_(given) {
        if (options_.where.line == 0) {
            options_.where = at;
        }
    }
    const Options& options() const noexcept { return options_; }

private:
    Options options_;
};

}  // namespace tendril::detail
