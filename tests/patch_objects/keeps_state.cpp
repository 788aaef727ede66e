// SPDX-License-Identifier: MIT
//
// A library that keeps its last error for each thread, as libcrypto does: by a key, and in a thread_local variable.

#include <pthread.h>

namespace {

pthread_mutex_t some_lock = PTHREAD_MUTEX_INITIALIZER;
thread_local const void* last_error = nullptr;

pthread_key_t key() {
    static const pthread_key_t made = [] {
        pthread_key_t fresh{};
        pthread_key_create(&fresh, nullptr);
        return fresh;
    }();
    return made;
}

}  // namespace

// Sets both, locks and unlocks so often, and returns whether both are what they were.
extern "C" int state_stays(const void* error, int locks) {
    pthread_setspecific(key(), error);
    last_error = error;
    for (int i = 0; i < locks; ++i) {
        pthread_mutex_lock(&some_lock);
        pthread_mutex_unlock(&some_lock);
    }
    return pthread_getspecific(key()) == error && last_error == error ? 1 : 0;
}
