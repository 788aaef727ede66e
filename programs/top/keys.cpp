// SPDX-License-Identifier: MIT

#include "top/keys.hpp"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace tendril::top {

namespace {

constexpr std::array<std::pair<std::string_view, KeyName>, 14> sequences{{
    {"[A", KeyName::up},
    {"OA", KeyName::up},
    {"[B", KeyName::down},
    {"OB", KeyName::down},
    {"[5~", KeyName::page_up},
    {"[H", KeyName::home},
    {"[1~", KeyName::home},
    {"OH", KeyName::home},
    {"[6~", KeyName::page_down},
    {"[F", KeyName::end},
    {"[4~", KeyName::end},
    {"OF", KeyName::end},
    {"[7~", KeyName::home},
    {"[8~", KeyName::end},
}};

// How long the sequence behind an escape character is; 0: it has not come to its end.
std::size_t sequence_length(std::string_view text) noexcept {
    if (text.size() < 2) {
        return 0;
    }
    if (text[0] == 'O') {
        return 2;
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] >= '@' && text[i] <= '~') {
            return i + 1;
        }
    }
    return 0;
}

}  // namespace

std::vector<Key> take_keys(std::string& bytes, bool no_more) {
    std::vector<Key> keys;
    std::size_t at = 0;
    for (; at < bytes.size(); ++at) {
        const char c = bytes[at];
        if (c != '\x1b') {
            keys.push_back(c == '\r' || c == '\n'     ? Key{KeyName::enter}
                           : c == '\x7f' || c == '\b' ? Key{KeyName::backspace}
                           : c == '\t'                ? Key{KeyName::tab}
                                                      : Key{KeyName::character, c});
            continue;
        }
        const std::string_view rest = std::string_view(bytes).substr(at + 1);
        if (rest.empty() ? no_more : rest[0] != '[' && rest[0] != 'O') {
            keys.push_back({KeyName::escape});
            continue;
        }
        const std::size_t length = rest.empty() ? 0 : sequence_length(rest);
        if (length == 0) {
            if (no_more) {
                at = bytes.size();
            }
            break;
        }
        for (const auto& [sequence, name] : sequences) {
            if (rest.substr(0, length) == sequence) {
                keys.push_back({name});
            }
        }
        at += length;
    }
    bytes.erase(0, at);
    return keys;
}

}  // namespace tendril::top
