// SPDX-License-Identifier: MIT
//
// The hooks for thread-specific values, POSIX's and C11's: each green thread has values of its own.

#include <pthread.h>
#include <threads.h>

#include "patch/green_pthread.hpp"
#include "patch/hooks.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

namespace {

int create(pthread_key_t* key, KeyDestructor destructor) {
    const int result = real.pthread_key_create(key, destructor);
    if (result == 0) {
        note_key(*key, destructor);
    }
    return result;
}

int remove(pthread_key_t key) {
    const int result = real.pthread_key_delete(key);
    if (result == 0) {
        forget_key(key);
    }
    return result;
}

void* get(pthread_key_t key) {
    if (!is_other_than_main()) {
        return real.pthread_getspecific(key);
    }
    const GreenPthread* const self = green_self_if_any();
    return self != nullptr ? self->values.get(key) : nullptr;
}

int set(pthread_key_t key, const void* value) {
    if (!is_other_than_main()) {
        return real.pthread_setspecific(key, value);
    }
    GreenPthread* const self = green_self();
    return self != nullptr ? self->values.set(key, value) : ENOMEM;
}

int c11_create(tss_t* key, tss_dtor_t destructor) {
    return create(key, destructor) == 0 ? thrd_success : thrd_error;
}

void c11_delete(tss_t key) {
    remove(key);
}

int c11_set(tss_t key, void* value) {
    return set(key, value) == 0 ? thrd_success : thrd_error;
}

}  // namespace

Hooks key_hooks() noexcept {
    static const Hook hooks[] = {
        {"pthread_key_create", Class::keys, &create},
        {"pthread_key_delete", Class::keys, &remove},
        {"pthread_getspecific", Class::keys, &get},
        {"pthread_setspecific", Class::keys, &set},
        {"tss_create", Class::keys, &c11_create},
        {"tss_delete", Class::keys, &c11_delete},
        {"tss_get", Class::keys, &get},
        {"tss_set", Class::keys, &c11_set},
    };
    return hooks;
}

}  // namespace tendril::patch::detail
