// SPDX-License-Identifier: MIT
// Floor: base
//
// Fd: owns a descriptor's number, and closes it. It knows no hub: closing() of select.hpp notifies the waiters on the
// number, this does not. Any OS thread may use it.

#pragma once

#include <utility>

namespace tendril {

class Fd {
public:
    Fd() = default;                            // closed
    explicit Fd(int fd) noexcept : fd_(fd) {}  // takes over the number; negative: closed
    Fd(Fd&& other) noexcept : fd_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept {
        Fd moved(std::move(other));
        std::swap(fd_, moved.fd_);
        return *this;
    }
    ~Fd() { close(); }

    int get() const noexcept { return fd_; }                                 // -1 if closed
    bool is_open() const noexcept { return fd_ >= 0; }                       // whether it has a descriptor
    explicit operator bool() const noexcept { return is_open(); }            // whether it has a descriptor
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }  // the caller must close it

    void close() noexcept;  // does nothing if it is closed

private:
    int fd_ = -1;
};

}  // namespace tendril
