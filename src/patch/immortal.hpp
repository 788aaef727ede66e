// SPDX-License-Identifier: MIT
//
// Immortal: an object that is made where its variable is and never destroyed: hooks run until the process's last
// instruction. It is not on the heap, for the allocator may be patched, and wait.
//
//     static Immortal<Table> table;
//     table.get().add(...);

#pragma once

#include <cstddef>
#include <memory>

namespace tendril::patch::detail {

template <class T>
class Immortal {
public:
    Immortal() : object_(*std::construct_at(reinterpret_cast<T*>(room_))) {}
    Immortal(const Immortal&) = delete;
    Immortal& operator=(const Immortal&) = delete;

    T& get() noexcept { return object_; }

private:
    alignas(T) std::byte room_[sizeof(T)];
    T& object_;
};

}  // namespace tendril::patch::detail
