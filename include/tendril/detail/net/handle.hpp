// SPDX-License-Identifier: MIT
//
// What every socket, pipe and file holds: its descriptor. Not for users.

#pragma once

#include <cstdint>
#include <utility>

namespace tendril::detail {

struct Descriptor;
struct Observer;

// The owner of an open descriptor. One that outlives its hub finds it closed.
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
    Descriptor& use(const char* object) const;  // throws EBADF when closed, WrongThread
    int fd() const noexcept;                    // -1 when closed
    int release(const char* object);            // it is the caller's from now on; who waits on it gets EBADF

    // For wait() and iwait(): whether there is something to read, an end or an error included, and who is told of it.
    // Throws: WrongThread.
    bool ready(const char* object) const;
    void observe(const char* object, Observer& observer) const;

private:
    [[noreturn]] void refuse(const char* object) const;
    Descriptor* descriptor_ = nullptr;  // lives as long as its hub
    std::uint64_t owner_ = 0;           // serial of the hub's OS thread
};

}  // namespace tendril::detail
