// SPDX-License-Identifier: MIT

#include "patch/thread_locals.hpp"

#include <link.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <new>
#include <string>

#include "base/libc.hpp"
#include "patch/callee.hpp"
#include "patch/elf_object.hpp"
#include "patch/green.hpp"
#include "patch/patches.hpp"

namespace tendril::patch::detail {

using tendril::detail::libc;

namespace {

constexpr ThreadLocalModule of_os_threads{};
constinit std::array<std::atomic<const ThreadLocalModule*>, 1024> modules{};  // those made are never freed

struct Search {
    std::size_t number;
    bool is_first = true;
    std::string path;
    ThreadLocalModule found;
};

// Whether code of the object reaches variables by their place in the OS thread's memory.
bool is_static(const dl_phdr_info& info, const ElfW(Phdr) & dynamic) noexcept {
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + dynamic.p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
        if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_STATIC_TLS) != 0) {
            return true;
        }
    }
    return false;
}

// Stops at the object of that number.
int look(dl_phdr_info* info, std::size_t /*size*/, void* argument) {
    Search& search = *static_cast<Search*>(argument);
    const bool is_program = std::exchange(search.is_first, false);
    if (info->dlpi_tls_modid != search.number) {
        return 0;
    }
    try {
        const ElfObject object(*info, is_program);
        if (is_program || is_left_alone(object) || is_cxx_library(object) ||
            !Patches::of_process().classes_at(object.base()).has(Class::keys)) {
            return 1;
        }
        ThreadLocalModule module;
        for (std::size_t i = 0; i < info->dlpi_phnum; ++i) {
            const ElfW(Phdr)& header = info->dlpi_phdr[i];
            if (header.p_type == PT_DYNAMIC && is_static(*info, header)) {
                return 1;
            }
            if (header.p_type == PT_TLS && header.p_align != 0 && header.p_vaddr % header.p_align == 0) {
                module = {reinterpret_cast<const std::byte*>(info->dlpi_addr + header.p_vaddr), header.p_filesz,
                          header.p_memsz, std::max<std::size_t>(header.p_align, alignof(std::max_align_t))};
            }
        }
        search.path = object.path();
        search.found = module;
    } catch (const std::bad_alloc&) {  // the OS thread's, then
    }
    return 1;
}

}  // namespace

const ThreadLocalModule& thread_local_module(std::size_t number) noexcept {
    if (number >= modules.size()) {
        return of_os_threads;
    }
    const ThreadLocalModule* known = modules[number].load(std::memory_order_acquire);
    if (known == nullptr) [[unlikely]] {
        const PlainCalls plain;
        Search search{number, true, {}, {}};
        ::dl_iterate_phdr(&look, &search);
        known = &of_os_threads;
        if (search.found.size != 0 &&
            libc.dlopen(search.path.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) != nullptr) {
            if (const auto* const made = new (std::nothrow) ThreadLocalModule(search.found)) {
                known = made;
            }
        }
        const ThreadLocalModule* expected = nullptr;
        if (!modules[number].compare_exchange_strong(expected, known, std::memory_order_acq_rel)) {
            known = expected;  // another OS thread's, which was faster
        }
    }
    return *known;
}

std::byte* ThreadLocals::block(std::size_t number, const ThreadLocalModule& module) noexcept {
    if (number < blocks_.size() && blocks_[number].begin != nullptr) [[likely]] {
        return blocks_[number].begin;
    }
    try {
        if (number >= blocks_.size()) {
            blocks_.resize(number + 1);
        }
        auto* const begin = static_cast<std::byte*>(::operator new(module.size, std::align_val_t(module.alignment)));
        std::memcpy(begin, module.image, module.image_size);
        std::memset(begin + module.image_size, 0, module.size - module.image_size);
        blocks_[number] = {begin, module.size, module.alignment};
        return begin;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

bool ThreadLocals::holds(const void* variable) const noexcept {
    const auto* const place = static_cast<const std::byte*>(variable);
    return std::any_of(blocks_.begin(), blocks_.end(), [place](const Block& each) {
        return each.begin != nullptr && place >= each.begin && place < each.begin + each.size;
    });
}

bool ThreadLocals::at_end(Destructor destructor, void* variable) noexcept {
    try {
        at_end_.push_back({destructor, variable});
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

void ThreadLocals::destroy() noexcept {
    while (!at_end_.empty()) {
        const AtEnd last = at_end_.back();
        at_end_.pop_back();
        last.destructor(last.variable);
    }
    at_end_ = {};
}

void ThreadLocals::free() noexcept {
    for (const Block& each : blocks_) {
        if (each.begin != nullptr) {
            ::operator delete(each.begin, std::align_val_t(each.alignment));
        }
    }
    blocks_ = {};
}

}  // namespace tendril::patch::detail
