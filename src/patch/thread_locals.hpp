// SPDX-License-Identifier: MIT
//
// ThreadLocals: the thread_local variables that one green thread has in patched shared objects.
//
// 1. They are found by the module number that the dynamic linker has given the object. An object whose variables are
//    green is never unloaded from then on, so its number stays its own.
// 2. The main green thread has those of its OS thread. So has everybody in objects that are not patched with
//    Class::keys, in the program, in the C++ library, and where some code reaches its variables without a call.

#pragma once

#include <cstddef>
#include <vector>

namespace tendril::patch::detail {

struct ThreadLocalModule {
    const std::byte* image = nullptr;  // how the variables begin
    std::size_t image_size = 0;
    std::size_t size = 0;  // with those that begin as zeros; 0: they are the OS thread's
    std::size_t alignment = 0;
};

// Cost: the first time for a number, a look at all loaded objects; then a load.
const ThreadLocalModule& thread_local_module(std::size_t number) noexcept;

class ThreadLocals {
public:
    using Destructor = void (*)(void*);

    // Returns: nullptr if there is no memory. Requires: the module's are green.
    std::byte* block(std::size_t number, const ThreadLocalModule& module) noexcept;
    // Whether the variable is one of this green thread's.
    bool holds(const void* variable) const noexcept;
    // Has it called at the end. Returns: false if there is no memory.
    bool at_end(Destructor destructor, void* variable) noexcept;

    // Calls the destructors, the last one first, also those that come meanwhile.
    void destroy() noexcept;
    // Frees the variables.
    void free() noexcept;

private:
    struct Block {
        std::byte* begin = nullptr;
        std::size_t size = 0;
        std::size_t alignment = 0;
    };
    struct AtEnd {
        Destructor destructor;
        void* variable;
    };
    std::vector<Block> blocks_;  // by module number
    std::vector<AtEnd> at_end_;
};

}  // namespace tendril::patch::detail
