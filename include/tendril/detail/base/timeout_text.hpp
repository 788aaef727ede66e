// SPDX-License-Identifier: MIT
//
// TimeoutText: what a TimeoutError says. It keeps the facts of the wait; a text is made of them when what() is called.
// Not for users.

#pragma once

#include <string>

#include <tendril/detail/base/late_text.hpp>

namespace tendril::detail {

// Shared by the copies of a TimeoutError, possibly of several OS threads.
class TimeoutText {
public:
    TimeoutText() = default;
    TimeoutText(const TimeoutText&) = delete;
    TimeoutText& operator=(const TimeoutText&) = delete;
    virtual ~TimeoutText();

    const char* get() const noexcept {
        return made_.get([this] { return make(); }, "a deadline passed");
    }

private:
    virtual std::string make() const = 0;
    LateText made_;
};

}  // namespace tendril::detail
