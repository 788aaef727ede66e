// SPDX-License-Identifier: MIT

#include "base/libc.hpp"

#include <atomic>

#include "base/sanitizers.hpp"

namespace tendril::detail {

constinit Libc libc;

void* find_in_libc(const char* name) noexcept {
#if defined(TENDRIL_ASAN) || defined(TENDRIL_TSAN)
    static_cast<void>(name);
    return nullptr;
#else
    static constinit std::atomic<void*> kept{nullptr};  // never closed
    void* handle = kept.load(std::memory_order_relaxed);
    if (handle == nullptr) {
        handle = libc.dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
        kept.store(handle, std::memory_order_relaxed);
    }
    return handle != nullptr ? libc.dlsym(handle, name) : nullptr;
#endif
}

void Libc::detach() noexcept {
#define TENDRIL_LIBC_TAKE(name) take_from_libc(name, #name);
    TENDRIL_LIBC_FUNCTIONS(TENDRIL_LIBC_TAKE)
#undef TENDRIL_LIBC_TAKE
}

}  // namespace tendril::detail
