// SPDX-License-Identifier: MIT
//
// IovecRest: what is left of a list of parts when some bytes have been moved. Holds the next few parts, which is
// enough: the caller goes on in a loop.

#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>

namespace tendril::patch::detail {

class IovecRest {
public:
    IovecRest(const iovec* parts, std::size_t count, std::size_t done) noexcept {
        for (std::size_t i = 0; i < count && count_ < parts_.size(); ++i) {
            const std::size_t skipped = done < parts[i].iov_len ? done : parts[i].iov_len;
            done -= skipped;
            if (skipped < parts[i].iov_len) {
                parts_[count_++] = {static_cast<char*>(parts[i].iov_base) + skipped, parts[i].iov_len - skipped};
            }
        }
    }
    iovec* data() noexcept { return parts_.data(); }
    std::size_t count() const noexcept { return count_; }

private:
    std::array<iovec, 16> parts_;
    std::size_t count_ = 0;
};

// Returns the number of bytes in all parts.
inline std::size_t total(const iovec* parts, std::size_t count) noexcept {
    std::size_t n = 0;
    for (std::size_t i = 0; i < count; ++i) {
        n += parts[i].iov_len;
    }
    return n;
}

}  // namespace tendril::patch::detail
