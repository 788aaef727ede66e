// SPDX-License-Identifier: MIT
//
// Bell: a hub that sleeps and that a sender must wake, once it holds no lock any more. A hub that is woken while its
// waker still holds a lock runs into that lock at once, and sleeps again. Not for users.

#pragma once

#include <utility>

namespace tendril::detail {

class Mailbox;

class Bell {
public:
    Bell() = default;
    Bell(Bell&& other) noexcept : sleeper_(std::exchange(other.sleeper_, nullptr)) {}
    Bell& operator=(Bell&&) = delete;
    ~Bell() {
        if (sleeper_ != nullptr) [[unlikely]] {
            ring();
        }
    }

    // For Mailbox: it must be woken. Wakes the one that was noted before, if there is one: nearly always there is not.
    void note(Mailbox& sleeper) noexcept;

private:
    void ring() noexcept;

    Mailbox* sleeper_ = nullptr;
};

}  // namespace tendril::detail
