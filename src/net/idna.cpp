// SPDX-License-Identifier: MIT

#include <tendril/idna.hpp>

#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "base/escape.hpp"
#include "base/libc.hpp"
#include "base/once.hpp"

namespace tendril {

namespace {

// The part of libidn2's interface that is used, which has been stable since 2.0.
struct Library {
    int (*to_ascii)(const std::uint8_t* name, std::uint8_t** out, int flags) = nullptr;  // idn2_lookup_u8
    int (*to_unicode)(const char* name, char** out, int flags) = nullptr;                // idn2_to_unicode_8z8z
    const char* (*text_of)(int error) = nullptr;                                         // idn2_strerror
};
constexpr int flag_normalise = 1;           // IDN2_NFC_INPUT
constexpr int flag_nontransitional = 8;     // IDN2_NONTRANSITIONAL
constexpr std::size_t longest_name = 1024;  // bytes of UTF-8: libidn2's time grows with the square

template <class F>
void find(void* handle, const char* name, F& function) {
    function = reinterpret_cast<F>(detail::libc.dlsym(handle, name));
}

const Library& library() {
    static constinit detail::Once once;
    static constinit Library found;
    once([] {
        void* handle = detail::libc.dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL);  // never unloaded
        if (handle == nullptr) {
            throw std::runtime_error(
                "libidn2 cannot be loaded, which names in other scripts than ASCII need: install libidn2-0, or give "
                "the name's xn-- form");
        }
        Library all;
        find(handle, "idn2_lookup_u8", all.to_ascii);
        find(handle, "idn2_to_unicode_8z8z", all.to_unicode);
        find(handle, "idn2_strerror", all.text_of);
        if (all.to_ascii == nullptr || all.to_unicode == nullptr || all.text_of == nullptr) {
            throw std::runtime_error("libidn2.so.0 is not libidn2 2.0 or later");
        }
        found = all;
    });
    return found;
}

[[noreturn]] void refuse(std::string_view name, const std::string& why) {
    constexpr std::size_t quoted = 120;
    throw std::invalid_argument("\"" + detail::escaped(name, quoted) + "\" is not a host name: " + why);
}

void check_size(std::string_view name) {
    if (name.size() > longest_name || name.find('\0') != std::string_view::npos) {
        refuse(name, name.size() > longest_name ? "it is too long" : "it has a zero byte");
    }
}

// Calls one of the library's functions, which allocates what it returns.
template <class C, class F>
std::string converted(std::string_view name, F convert) {
    C* out = nullptr;
    const int error = convert(&out);
    const std::unique_ptr<C, void (*)(void*)> freed(out, &std::free);
    if (error != 0) {
        refuse(name, library().text_of(error));  // NOLINT(clang-analyzer-core.CallAndMessage): all were found
    }
    return reinterpret_cast<const char*>(out);
}

}  // namespace

std::string idna_to_ascii(std::string_view name) {
    if (std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
        return std::string(name);
    }
    check_size(name);
    const std::string text(name);
    return converted<std::uint8_t>(name, [&](std::uint8_t** out) {
        // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): all were found
        return library().to_ascii(reinterpret_cast<const std::uint8_t*>(text.c_str()), out,
                                  flag_normalise | flag_nontransitional);
    });
}

std::string idna_to_unicode(std::string_view name) {
    check_size(name);
    std::string text(name);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (text.find("xn--") == std::string::npos) {
        return std::string(name);
    }
    std::string shown = converted<char>(name, [&](char** out) {
        // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): as above
        return library().to_unicode(text.c_str(), out, 0);
    });
    // libidn2 decodes whatever a label's owner has put into it: line ends, marks that turn the text's direction. An
    // xn-- label is what its Unicode form gives, and nothing else: RFC 5890, 2.3.2.1.
    if (idna_to_ascii(shown) != text) {
        refuse(name, "an xn-- label of it is not the form of a name in another script");
    }
    return shown;
}

}  // namespace tendril
