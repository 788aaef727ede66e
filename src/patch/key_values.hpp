// SPDX-License-Identifier: MIT
//
// KeyValues: what pthread_setspecific() has set in one green thread.
//
// The keys themselves are the C library's, so that the main green thread and OS threads have their values there. Keys
// made before the code was patched work, too; only their destructors are not known, and not called.

#pragma once

#include <pthread.h>

#include <cstdint>
#include <vector>

namespace tendril::patch::detail {

using KeyDestructor = void (*)(void*);

// For the hooks: a key was made, or deleted.
void note_key(pthread_key_t key, KeyDestructor destructor) noexcept;
void forget_key(pthread_key_t key) noexcept;

class KeyValues {
public:
    void* get(pthread_key_t key) const noexcept;
    // Returns: 0, EINVAL, ENOMEM.
    int set(pthread_key_t key, const void* value) noexcept;
    // Calls the destructors of all values, again and again if they set others, four times at most.
    void destroy() noexcept;

private:
    struct Value {
        void* value = nullptr;
        std::uint32_t generation = 0;  // of the key
    };
    std::vector<Value> values_;
};

}  // namespace tendril::patch::detail
