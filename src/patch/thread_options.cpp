// SPDX-License-Identifier: MIT

#include "patch/thread_options.hpp"

#include <algorithm>

#include "base/libc.hpp"
#include "context/stack_pool.hpp"

namespace tendril::patch::detail {

namespace {

using tendril::detail::StackPool;

ThreadOptions options_of(const pthread_attr_t& attributes) noexcept {
    ThreadOptions options{};
    pthread_attr_getstacksize(&attributes, &options.stack_size);
    options.stack_size = std::clamp(options.stack_size, StackPool::minimum_size, StackPool::maximum_size);
    int state = PTHREAD_CREATE_JOINABLE;
    pthread_attr_getdetachstate(&attributes, &state);
    options.detached = state == PTHREAD_CREATE_DETACHED;
    options.has_mask = pthread_attr_getsigmask_np(&attributes, &options.mask) == 0;
    return options;
}

}  // namespace

ThreadOptions thread_options(const pthread_attr_t* attributes) noexcept {
    if (attributes != nullptr) {
        return options_of(*attributes);
    }
    constexpr std::size_t usual = std::size_t{8} << 20;
    pthread_attr_t defaults;
    if (pthread_getattr_default_np(&defaults) != 0) {
        return {.stack_size = usual};
    }
    const ThreadOptions options = options_of(defaults);
    pthread_attr_destroy(&defaults);
    return options;
}

sigset_t mask_of_os_thread() noexcept {
    sigset_t mask;
    sigemptyset(&mask);
    tendril::detail::libc.pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    return mask;
}

}  // namespace tendril::patch::detail
