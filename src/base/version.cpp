// SPDX-License-Identifier: MIT

#include <tendril/version.hpp>

namespace tendril {

std::string LibraryVersion::text() const {
    return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

LibraryVersion library_version() noexcept {
    return header_version;  // compiled here, into the library
}

}  // namespace tendril
