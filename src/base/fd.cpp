// SPDX-License-Identifier: MIT

#include <tendril/fd.hpp>

#include "base/sys.hpp"

namespace tendril {

void Fd::close() noexcept {
    if (const int fd = release(); fd >= 0) {
        sys::close(fd);
    }
}

}  // namespace tendril
