// SPDX-License-Identifier: MIT
//
// AtEnd: runs a function when it is destroyed. For tests of the order of destruction.

#pragma once

#include <functional>
#include <string>
#include <utility>

namespace tendril::testing {

// Runs `last` when it is destroyed, unless it was moved from.
class AtEnd {
public:
    explicit AtEnd(std::function<void()> last) : last_(std::move(last)) {}
    AtEnd(AtEnd&& other) noexcept : last_(std::exchange(other.last_, nullptr)) {}
    AtEnd& operator=(AtEnd&&) = delete;
    ~AtEnd() {
        if (last_) {
            last_();
        }
    }

private:
    std::function<void()> last_;
};

// Returns an AtEnd that appends `letter`.
inline AtEnd append(std::string& log, char letter) {
    return AtEnd([&log, letter] { log += letter; });
}

}  // namespace tendril::testing
