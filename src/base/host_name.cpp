// SPDX-License-Identifier: MIT

#include "base/host_name.hpp"

#include <unistd.h>

#include <cerrno>

int tendril::sys::host_name(char* out, std::size_t size) noexcept {
    const int r = ::gethostname(out, size);
    out[size - 1] = '\0';
    return r == 0 || errno == ENAMETOOLONG ? 0 : -errno;
}
