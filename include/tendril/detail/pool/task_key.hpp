// SPDX-License-Identifier: MIT
//
// The keys of a TaskGraph: as arguments, and as text. Not for users.

#pragma once

#include <concepts>
#include <ranges>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tendril/site.hpp>

namespace tendril::detail {

// The key of a call, and where that stands: what comes after it in spawn() takes any number of arguments, and so leaves
// no room for a default one.
template <class K>
struct TaskKey {
    K key;
    Site where;

    template <class U>
    requires(std::convertible_to<U, K> && !std::same_as<std::remove_cvref_t<U>, TaskKey>)
        TaskKey(U&& k, Site at = Site::here())   // NOLINT(bugprone-forwarding-reference-overload)
        : key(std::forward<U>(k)), where(at) {}  // implicit on purpose
};

template <class Keys, class K>
concept KeysOf =
    std::ranges::input_range<const Keys> && std::convertible_to<std::ranges::range_reference_t<const Keys>, K>;

// For messages and for the name of the green thread.
template <class K>
std::string key_text(const K& key) {
    if constexpr (std::is_convertible_v<const K&, std::string_view>) {
        return std::string(std::string_view(key));
    } else if constexpr (requires { std::to_string(key); }) {
        return std::to_string(key);
    } else if constexpr (requires(std::ostream & out) { out << key; }) {
        std::ostringstream out;
        out << key;
        return out.str();
    } else {
        return "(a key without a text)";
    }
}

}  // namespace tendril::detail
