// SPDX-License-Identifier: MIT
//
// Giver: what hands things to those who wait for them. In the child of a fork() it takes back what was handed to a
// green thread that is frozen there and had not run to take it. Not for users.

#pragma once

namespace tendril::detail {

struct Giver {
    void* object = nullptr;
    void (*take)(void* object, void* slot) = nullptr;  // nullptr: it hands nothing that could be lost

    // Where `take` throws, for there is no memory to keep it, it is lost, and that is reported.
    void take_back(void* slot) const noexcept;
};

}  // namespace tendril::detail
