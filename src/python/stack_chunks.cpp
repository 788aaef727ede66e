// SPDX-License-Identifier: MIT

#include "python/stack_chunks.hpp"

#include <array>
#include <atomic>
#include <cstddef>

#include "python/python.hpp"

namespace tendril::python {

namespace {

constexpr std::size_t chunk_size = std::size_t{16} << 10;  // the interpreter's DATA_STACK_CHUNK_SIZE
constexpr std::size_t most_kept = 128;

PyObjectArenaAllocator system_memory;

// Asked with the GIL as a rule. Where two meet, the second one goes to the system; so does a child of a fork that
// happened meanwhile.
std::atomic_flag busy = ATOMIC_FLAG_INIT;
std::array<void*, most_kept> kept;
std::size_t kept_count = 0;

void* allocate(void* context, std::size_t size) {
    void* found = nullptr;
    if (size == chunk_size && !busy.test_and_set(std::memory_order_acquire)) {
        if (kept_count != 0) {
            found = kept[--kept_count];
        }
        busy.clear(std::memory_order_release);
    }
    return found != nullptr ? found : system_memory.alloc(context, size);
}

void release(void* context, void* memory, std::size_t size) {
    bool keeps = false;
    if (size == chunk_size && !busy.test_and_set(std::memory_order_acquire)) {
        keeps = kept_count < most_kept;
        if (keeps) {
            kept[kept_count++] = memory;
        }
        busy.clear(std::memory_order_release);
    }
    if (!keeps) {
        system_memory.free(context, memory, size);
    }
}

}  // namespace

void keep_stack_chunks() noexcept {
    PyObject_GetArenaAllocator(&system_memory);
    if (system_memory.alloc != &allocate) {
        PyObjectArenaAllocator mine{system_memory.ctx, &allocate, &release};
        PyObject_SetArenaAllocator(&mine);
    }
}

}  // namespace tendril::python
