// SPDX-License-Identifier: MIT
//
// StayAtEnd: keeps an OS thread of ours that asks for the GIL while the interpreter ends. The interpreter calls
// pthread_exit() in it then, which would unwind through code that does not expect it: the OS thread stays for good.
// No noexcept function may stand between the call that asks and the frame that holds this.

#pragma once

#include <unistd.h>

namespace tendril::python {

template <class F>
class StayAtEnd {
public:
    // `before` is called before the OS thread stays.
    explicit StayAtEnd(F before) noexcept : before_(before) {}
    StayAtEnd(const StayAtEnd&) = delete;
    StayAtEnd& operator=(const StayAtEnd&) = delete;
    ~StayAtEnd() {
        if (!over_) {
            before_();
        }
        while (!over_) {
            pause();
        }
    }
    void over() noexcept { over_ = true; }

private:
    F before_;
    bool over_ = false;
};

}  // namespace tendril::python
