// SPDX-License-Identifier: MIT
//
// LateText: a text that is made when somebody asks for it. For exceptions, whose what() may cost something, and whose
// throwing must not. Not for users.

#pragma once

#include <atomic>
#include <memory>
#include <string>

namespace tendril::detail {

// Any OS thread may ask. A copy makes its own text, so copying never throws.
class LateText {
public:
    LateText() = default;
    LateText(const LateText&) noexcept {}
    LateText& operator=(const LateText&) noexcept {
        delete made_.exchange(nullptr, std::memory_order_acq_rel);
        return *this;
    }
    ~LateText() { delete made_.load(std::memory_order_acquire); }

    // What make() returns, as a std::string: of the first call, and the same pointer from then on. `otherwise`, when
    // there is no memory for it.
    template <class Make>
    const char* get(Make make, const char* otherwise) const noexcept {
        const std::string* made = made_.load(std::memory_order_acquire);
        if (made == nullptr) {
            try {
                auto mine = std::make_unique<const std::string>(make());
                if (made_.compare_exchange_strong(made, mine.get(), std::memory_order_acq_rel)) {
                    made = mine.release();
                }
            } catch (...) {
                return otherwise;
            }
        }
        return made->c_str();
    }

private:
    mutable std::atomic<const std::string*> made_{nullptr};
};

}  // namespace tendril::detail
