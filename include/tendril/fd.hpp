// SPDX-License-Identifier: MIT
// Floor: base
//
// Fd: owns a descriptor's number, and closes it. It knows no hub: what waits on it in a hub is told by closing() in
// select.hpp, not by this. Any thread.

#pragma once

#include <utility>

namespace tendril {

class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept {
        Fd moved(std::move(other));
        std::swap(fd_, moved.fd_);
        return *this;
    }
    ~Fd() { close(); }

    int get() const noexcept { return fd_; }  // -1 when closed
    bool is_open() const noexcept { return fd_ >= 0; }
    explicit operator bool() const noexcept { return is_open(); }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }  // the caller's now
    void close() noexcept;

private:
    int fd_ = -1;
};

}  // namespace tendril
