// SPDX-License-Identifier: MIT

#include "patch/key_values.hpp"

#include <limits.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <new>
#include <utility>

#include "patch/real_calls.hpp"

namespace tendril::patch::detail {

namespace {

struct Key {
    std::atomic<std::uint32_t> generation{0};
    std::atomic<KeyDestructor> destructor{nullptr};
    std::atomic<bool> noted{false};
};
std::array<Key, PTHREAD_KEYS_MAX> keys;

// Whether the C library has it: it refuses to set the value of one that it has not.
bool exists(pthread_key_t key) noexcept {
    return keys[key].noted.load(std::memory_order_relaxed) ||
           real.pthread_setspecific(key, real.pthread_getspecific(key)) == 0;
}

}  // namespace

void note_key(pthread_key_t key, KeyDestructor destructor) noexcept {
    if (key < keys.size()) {
        ++keys[key].generation;
        keys[key].destructor = destructor;
        keys[key].noted = true;
    }
}

void forget_key(pthread_key_t key) noexcept {
    if (key < keys.size()) {
        ++keys[key].generation;
        keys[key].destructor = nullptr;
        keys[key].noted = false;
    }
}

void* KeyValues::get(pthread_key_t key) const noexcept {
    return key < values_.size() && values_[key].generation == keys[key].generation.load(std::memory_order_relaxed)
               ? values_[key].value
               : nullptr;
}

int KeyValues::set(pthread_key_t key, const void* value) noexcept {
    if (key >= keys.size() || !exists(key)) {
        return EINVAL;
    }
    if (key >= values_.size()) {
        try {
            values_.resize(key + 1);
        } catch (const std::bad_alloc&) {
            return ENOMEM;
        }
    }
    values_[key] = {const_cast<void*>(value), keys[key].generation.load(std::memory_order_relaxed)};
    return 0;
}

void KeyValues::destroy() noexcept {
    for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; ++round) {
        bool any = false;
        for (pthread_key_t key = 0; key < values_.size(); ++key) {
            void* const value = get(key);
            values_[key].value = nullptr;
            if (const KeyDestructor destructor = keys[key].destructor; value != nullptr && destructor != nullptr) {
                any = true;
                destructor(value);
            }
        }
        if (!any) {
            break;
        }
    }
    values_ = {};
}

}  // namespace tendril::patch::detail
