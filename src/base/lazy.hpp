// SPDX-License-Identifier: MIT
//
// Lazy: an object made at its first use, which lives as long as the process. Two OS threads may make it at the same
// time; one of the two objects is kept. So nothing is locked meanwhile, and a fork() in a third OS thread leaves
// nothing locked in its child, where the guard of a function's static object would stay taken forever.

#pragma once

#include <atomic>
#include <memory>

namespace tendril::detail {

// For static constinit objects. Any OS thread may use it.
template <class T>
class Lazy {
public:
    constexpr Lazy() = default;
    Lazy(const Lazy&) = delete;
    Lazy& operator=(const Lazy&) = delete;

    // make() returns a std::unique_ptr<const T>. Throws: what make() throws; the next call then calls it again.
    template <class F>
    const T& get(F make) {
        const T* kept = kept_.load(std::memory_order_acquire);
        if (kept == nullptr) [[unlikely]] {
            std::unique_ptr<const T> made = make();
            if (kept_.compare_exchange_strong(kept, made.get(), std::memory_order_acq_rel)) {
                kept = made.release();
            }
        }
        return *kept;
    }

private:
    std::atomic<const T*> kept_{nullptr};
};

}  // namespace tendril::detail
