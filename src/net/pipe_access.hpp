// SPDX-License-Identifier: MIT
//
// PipeAccess: the insides of a pipe's ends, for the code that makes pipes.

#pragma once

#include <tendril/pipe.hpp>

namespace tendril::detail {

struct PipeAccess {
    // Take over a pipe's end that is already non-blocking. Throw: std::bad_alloc; it is then closed.
    static PipeReader reader(Fd fd);
    static PipeWriter writer(Fd fd);

    // For waits on more than one descriptor.
    static const Handle& handle(const PipeReader& end) noexcept { return end.handle_; }
    static const Handle& handle(const PipeWriter& end) noexcept { return end.handle_; }
};

}  // namespace tendril::detail
