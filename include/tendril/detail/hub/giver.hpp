// SPDX-License-Identifier: MIT
//
// Giver: the primitive that hands items to waiters. In the child of a fork() it takes back the items handed to a green
// thread that is frozen there and had not run to take them. Not for users.

#pragma once

namespace tendril::detail {

struct Giver {
    void* object = nullptr;
    void (*take)(void* object, void* slot) = nullptr;  // nullptr: it hands over nothing that could be lost

    // Takes an item back. If `take` throws, because there is no memory to keep the item, it is lost, which is reported.
    void take_back(void* slot) const noexcept;
};

}  // namespace tendril::detail
