// SPDX-License-Identifier: MIT
//
// Handle: the open descriptor that every socket, listener and pipe holds. Not for users.

#pragma once

#include <cstdint>
#include <utility>

namespace tendril::detail {

struct Descriptor;
struct Observer;

// Owns an open descriptor. A Handle that outlives its hub finds the descriptor closed.
class Handle {
public:
    Handle() = default;
    explicit Handle(Descriptor& d) noexcept;
    Handle(Handle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)), owner_(other.owner_) {}
    Handle& operator=(Handle&& other) noexcept {
        Handle moved(std::move(other));
        std::swap(descriptor_, moved.descriptor_);
        std::swap(owner_, moved.owner_);
        return *this;
    }
    ~Handle() { close(); }

    void close() noexcept;
    bool is_open() const noexcept { return descriptor_ != nullptr; }
    inline Descriptor& use(const char* object) const;  // throws EBADF when closed, WrongThread. In src/net/handle.hpp
    int fd() const noexcept;                           // -1 when closed
    int release(const char* object);                   // the caller owns it from now on; a waiter gets EBADF

    // For wait() and iwait(): whether there is something to read, the end, or an error; and the observer to notify when
    // there is. Throw: WrongThread.
    bool ready(const char* object) const;
    void observe(const char* object, Observer& observer) const;

private:
    [[noreturn]] void refuse(const char* object) const;
    Descriptor* descriptor_ = nullptr;  // lives as long as its hub
    std::uint64_t owner_ = 0;           // serial of the hub's OS thread
};

}  // namespace tendril::detail
