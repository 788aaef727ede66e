// SPDX-License-Identifier: MIT
//
// The ends of pipes for those who make pipes.

#pragma once

#include <tendril/pipe.hpp>

namespace tendril::detail {

struct PipeAccess {
    // Of a pipe's end that is non-blocking already. Throws: std::bad_alloc; it is closed then.
    static PipeReader reader(Fd fd);
    static PipeWriter writer(Fd fd);

    // For waits that are not in one direction of one descriptor.
    static const Handle& handle(const PipeReader& end) noexcept { return end.handle_; }
    static const Handle& handle(const PipeWriter& end) noexcept { return end.handle_; }
};

}  // namespace tendril::detail
