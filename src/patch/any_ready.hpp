// SPDX-License-Identifier: MIT
//
// AnyReady: a wait for any of several descriptors, each for its own events: what poll, select and their like need
// between two looks. Any number of green threads may wait for one descriptor.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "hub/waiter.hpp"
#include "patch/blocking.hpp"

namespace tendril::patch::detail {

// The events of the hub that poll(2)'s stand for.
Events events_of_poll(short what) noexcept;

class AnyReady {
public:
    // For up to n descriptors. ok() is false if there is no memory for them.
    explicit AnyReady(std::size_t n) noexcept;
    AnyReady(const AnyReady&) = delete;
    AnyReady& operator=(const AnyReady&) = delete;
    ~AnyReady();
    bool ok() const noexcept { return nodes_ != nullptr; }

    // Subscribes to a descriptor. Returns: false if it is ready at once: always, as a file is, or not open.
    bool add(int fd, Events what) noexcept;

    // Suspends until one of them is ready, or the deadline.
    Wait wait(Deadline deadline) noexcept;

private:
    struct Node final : tendril::detail::Interest {
        AnyReady& whole;
        Node(AnyReady& all, Events what) noexcept;
        static void on_event(tendril::detail::Interest& interest, Events what) noexcept;
    };
    static constexpr std::size_t few = 8;

    tendril::detail::Waiter waiter_;
    alignas(Node) std::byte room_[few * sizeof(Node)];
    Node* nodes_;
    std::size_t count_ = 0;
};

}  // namespace tendril::patch::detail
