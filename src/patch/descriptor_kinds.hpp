// SPDX-License-Identifier: MIT
//
// DescriptorKinds: a guess for each number of what it is, so that read() and write() try the right way first.
//
// A guess may be wrong, for a number can be closed and used again unseen: each way says so by its own error before
// anything has happened, and costs one system call then. So no close() need be seen.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tendril::patch::detail {

enum class Kind : std::uint8_t {
    unknown,
    socket,    // recv() and send() take MSG_DONTWAIT; ENOTSOCK says that it is none
    nowait,    // pipes and some devices: preadv2() and pwritev2() take RWF_NOWAIT; EOPNOTSUPP says that it does not
    file,      // regular, and reads take RWF_NOWAIT
    polled,    // neither: poll(2) says when it is ready, and then one call does not block
    terminal,  // as polled; a write blocks behind the part that there is room for
};

class DescriptorKinds {
public:
    static Kind of(int fd) noexcept {
        return in_table(fd) ? kinds_[static_cast<std::size_t>(fd)].load(std::memory_order_relaxed) : Kind::unknown;
    }
    static void set(int fd, Kind kind) noexcept {
        if (in_table(fd)) {
            kinds_[static_cast<std::size_t>(fd)].store(kind, std::memory_order_relaxed);
        }
    }
    // Asks the system, and keeps the answer: nowait where the first call has to show whether that is right.
    static Kind find_out(int fd) noexcept;

private:
    static constexpr int size = 1 << 16;  // numbers above are asked each time
    static bool in_table(int fd) noexcept { return fd >= 0 && fd < size; }
    static constinit std::array<std::atomic<Kind>, size> kinds_;
};

}  // namespace tendril::patch::detail
