// SPDX-License-Identifier: MIT
// Floor: base
//
// The version of tendril: of these headers, for the preprocessor and as a constant, and of the library that runs.
//
//     #if !TENDRIL_VERSION_AT_LEAST(0, 1, 0)
//     #error "needs tendril 0.1"
//     #endif
//
// A program that is linked to a shared library may run with another one than it was compiled for; compare
// library_version() with header_version to see it. Within a minor version they fit together.
//
// This is the only place where the version is written: CMake reads it here.

#pragma once

#include <compare>
#include <string>

// Changes when old programs may not compile.
#define TENDRIL_VERSION_MAJOR 0
// While the first is 0: likewise; else with what is new.
#define TENDRIL_VERSION_MINOR 1
// With what was mended.
#define TENDRIL_VERSION_PATCH 0

// Whether these headers are of that version or a later one.
#define TENDRIL_VERSION_AT_LEAST(major_, minor_, patch_) \
    (TENDRIL_VERSION_MAJOR > (major_) ||                 \
     (TENDRIL_VERSION_MAJOR == (major_) &&               \
      (TENDRIL_VERSION_MINOR > (minor_) || (TENDRIL_VERSION_MINOR == (minor_) && TENDRIL_VERSION_PATCH >= (patch_)))))

namespace tendril {

// The version of the library that is linked.
struct LibraryVersion {
    int major = 0;  // as TENDRIL_VERSION_MAJOR
    int minor = 0;  // as TENDRIL_VERSION_MINOR
    int patch = 0;  // as TENDRIL_VERSION_PATCH

    std::string text() const;  // "0.1.0"

    friend constexpr auto operator<=>(const LibraryVersion&, const LibraryVersion&) = default;  // the older one is less
};

// That of the headers.
inline constexpr LibraryVersion header_version{TENDRIL_VERSION_MAJOR, TENDRIL_VERSION_MINOR, TENDRIL_VERSION_PATCH};

// Returns that of the library that this program runs with. Any OS thread may call it.
LibraryVersion library_version() noexcept;

}  // namespace tendril
