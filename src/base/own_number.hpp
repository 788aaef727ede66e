// SPDX-License-Identifier: MIT
//
// OwnNumber: says that a descriptor is one of the hubs' own, without which they are deaf. For programs that close every
// number that they do not know: patched ones cannot close these. May be asked from any OS thread.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tendril::detail {

class OwnNumber {
public:
    explicit OwnNumber(int fd) noexcept : fd_(fd) { set(true); }  // while it lives
    OwnNumber(const OwnNumber&) = delete;
    OwnNumber& operator=(const OwnNumber&) = delete;
    ~OwnNumber() { set(false); }

    static bool is(int fd) noexcept {
        return in_table(fd) && (words_[word(fd)].load(std::memory_order_relaxed) & bit(fd)) != 0;
    }

private:
    static constexpr int size = 1 << 16;  // numbers above are not known
    static bool in_table(int fd) noexcept { return fd >= 0 && fd < size; }
    static std::size_t word(int fd) noexcept { return static_cast<std::size_t>(fd) / 64; }
    static std::uint64_t bit(int fd) noexcept { return std::uint64_t{1} << (static_cast<unsigned>(fd) % 64); }
    void set(bool on) noexcept {
        if (in_table(fd_)) {
            on ? words_[word(fd_)].fetch_or(bit(fd_), std::memory_order_relaxed)
               : words_[word(fd_)].fetch_and(~bit(fd_), std::memory_order_relaxed);
        }
    }

    const int fd_;
    inline static constinit std::array<std::atomic<std::uint64_t>, size / 64> words_{};
};

}  // namespace tendril::detail
