// SPDX-License-Identifier: MIT
//
// The hooks for thread_local variables of shared objects: each green thread has its own, as a thread has. The compiled
// code asks for their address by a call (x86-64's general and local dynamic models). On aarch64 it does so by
// descriptors, which are no imports: there, all green threads of an OS thread have the same ones.
//
// tendril's own are the OS thread's: its calls may go to the dynamic linker, so the names are not where
// tools/check_libc.py finds them.

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "base/libc.hpp"
#include "patch/green_pthread.hpp"
#include "patch/hooks.hpp"

namespace tendril::patch::detail {

#ifdef __x86_64__

namespace {

// What the compiled code and the dynamic linker have agreed on.
struct Variable {
    std::size_t module;
    std::size_t offset;
};

constexpr const char* find_name = "__tls_get_addr";
constexpr const char* at_end_name = "__cxa_thread_atexit_impl";

using Find = void* (*)(Variable*);
using AtEnd = int (*)(void (*)(void*), void*, void*);
Find real_find = nullptr;
AtEnd real_at_end = nullptr;

void* find(Variable* variable) {
    if (is_other_than_main()) {
        const int error = errno;
        if (const ThreadLocalModule& module = thread_local_module(variable->module); module.size != 0) {
            GreenPthread* const self = green_self();
            std::byte* const block = self != nullptr ? self->thread_locals.block(variable->module, module) : nullptr;
            if (block == nullptr) {
                std::abort();  // as the dynamic linker does: its caller expects no failure
            }
            errno = error;
            return block + variable->offset;
        }
        errno = error;
    }
    return real_find(variable);
}

int at_end(void (*destructor)(void*), void* variable, void* object) {
    GreenPthread* const self = green_self_if_any();
    if (self != nullptr && self->thread_locals.holds(variable)) {
        return self->thread_locals.at_end(destructor, variable) ? 0 : -1;
    }
    return real_at_end(destructor, variable, object);
}

}  // namespace

Hooks thread_local_hooks() noexcept {
    using tendril::detail::find_in_libc;
    real_find = reinterpret_cast<Find>(find_in_libc(find_name));
    real_at_end = reinterpret_cast<AtEnd>(find_in_libc(at_end_name));
    static const Hook hooks[] = {
        {find_name, Class::keys, &find},
        {at_end_name, Class::keys, &at_end},
    };
    return real_find != nullptr && real_at_end != nullptr ? Hooks(hooks) : Hooks();
}

#else

Hooks thread_local_hooks() noexcept {
    return {};
}

#endif

}  // namespace tendril::patch::detail
