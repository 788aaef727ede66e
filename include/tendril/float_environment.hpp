// SPDX-License-Identifier: MIT
// Floor: hub
//
// FloatEnvironment: gives the running green thread a floating-point environment of its own, all of it.
//
// The rounding direction and the exceptions that trap, as the C library sets them (fesetround, feenableexcept,
// fesetenv), belong to each green thread anyway. What code sets in the processor's control word itself is shared by the
// green threads of an OS thread: on x86-64 MXCSR, with whether denormals are flushed to zero, as _mm_setcsr() and
// _MM_SET_FLUSH_ZERO_MODE() set it. To read it back at every switch would cost more than the switch. So code that does
// that, and waits before it has undone it, says so:
//
//     void filter() {
//         const tendril::FloatEnvironment own;
//         _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
//         for (;;) {
//             ...                                        // waits; others have their denormals meanwhile
//         }
//     }
//
// Elsewhere than on x86-64, and with Boost's switch, all of it belongs to each green thread, and this does nothing.
// Raw contexts (context.hpp) that switch among themselves have all of it too.

#pragma once

namespace tendril {

namespace detail {
struct Fiber;
}

class FloatEnvironment {
public:
    // Begins for the running green thread, and for those that it spawns from then on, with what is set now. Throws: as
    // Hub::current().
    FloatEnvironment();
    FloatEnvironment(const FloatEnvironment&) = delete;
    FloatEnvironment& operator=(const FloatEnvironment&) = delete;
    // On the same green thread. The outermost one ends it: what the others share is set again, but for the rounding
    // direction and the traps, which are the green thread's.
    ~FloatEnvironment();

private:
    detail::Fiber* fiber_;  // nullptr: it had one
};

}  // namespace tendril
