// SPDX-License-Identifier: MIT
//
// What the peers written in C share: a green thread's body as a function with one argument.

#pragma once

#include <memory>
#include <utility>

namespace bench {

// The argument is a function object made by `new F`, which it destroys at its end.
template <class F>
void* run_and_delete(void* function) {
    const std::unique_ptr<F> own(static_cast<F*>(function));
    (*own)();
    return nullptr;
}

template <class F>
void* on_heap(F f) {
    return new F(std::move(f));
}

}  // namespace bench
