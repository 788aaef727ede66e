// SPDX-License-Identifier: MIT

#include "patch/callee.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace tendril::patch::detail {

namespace {

// "libc" of "libc.so.6" and of "libc-2.31.so"; "ld-linux-x86-64" of "ld-linux-x86-64.so.2".
std::string_view stem(std::string_view file) noexcept {
    const std::string_view before = file.substr(0, file.find(".so"));
    const std::size_t dash = before.rfind('-');
    const bool versioned = dash != std::string_view::npos && dash + 1 < before.size() && before[dash + 1] >= '0' &&
                           before[dash + 1] <= '9' && before.find('.', dash) != std::string_view::npos;
    return versioned ? before.substr(0, dash) : before;
}

std::string_view name_of(const ElfObject& object) noexcept {
    return object.soname().empty() ? object.file() : object.soname();
}

bool starts_with_any(std::string_view name, const auto& prefixes) noexcept {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [name](std::string_view prefix) { return name.substr(0, prefix.size()) == prefix; });
}

}  // namespace

bool is_c_library(const ElfObject& object) noexcept {
    static constexpr std::array<std::string_view, 12> names{
        "libc",   "libpthread",   "libdl",           "librt",
        "libm",   "libmvec",      "libutil",         "libresolv",
        "libanl", "libthread_db", "libBrokenLocale", "libc_malloc_debug"};
    static constexpr std::array<std::string_view, 4> prefixes{"ld-linux", "ld64", "libnss_", "linux-vdso"};
    const std::string_view name = name_of(object);
    const std::string_view plain = stem(name);
    return !object.is_program() && (std::find(names.begin(), names.end(), plain) != names.end() ||
                                    starts_with_any(name, prefixes) || plain == "ld");
}

bool is_left_alone(const ElfObject& object) noexcept {
    // Allocators too, whatever they are called: the hub itself allocates, and must not park in the lock of one.
    static constexpr std::array<std::string_view, 12> prefixes{
        "libgcc_s.",    "libunwind.", "libasan.",    "libtsan.",    "liblsan.",     "libubsan.",
        "libclang_rt.", "libtendril", "libjemalloc", "libtcmalloc", "libmimalloc.", "libsnmalloc"};
    if (object.is_program()) {
        return false;
    }
    return is_c_library(object) || starts_with_any(name_of(object), prefixes) || holds_tendril(object) ||
           object.contains(reinterpret_cast<std::uintptr_t>(&std::malloc));
}

bool is_cxx_library(const ElfObject& object) noexcept {
    static constexpr std::array<std::string_view, 2> prefixes{"libstdc++.", "libc++."};
    return !object.is_program() && starts_with_any(name_of(object), prefixes);
}

bool holds_tendril(const ElfObject& object) noexcept {
    return object.contains(reinterpret_cast<std::uintptr_t>(&holds_tendril));
}

const ElfObject* object_at(const std::vector<ElfObject>& objects, std::uintptr_t address) noexcept {
    const auto found =
        std::find_if(objects.begin(), objects.end(), [address](const ElfObject& o) { return o.contains(address); });
    return found != objects.end() ? &*found : nullptr;
}

bool leads_to_c_library(const std::vector<ElfObject>& objects, const ElfObject& owner, const ImportSlot& slot,
                        std::uintptr_t value, bool interposed) {
    const ElfObject* const callee = object_at(objects, value);
    if (callee == nullptr) {
        return false;
    }
    if (is_c_library(*callee)) {
        return true;
    }
    if (callee == &owner && slot.lazy && !interposed) {
        return true;
    }
    return callee->is_program() && !interposed && callee->canonical_entry(slot.symbol) == value;
}

}  // namespace tendril::patch::detail
