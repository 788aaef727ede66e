// SPDX-License-Identifier: MIT
//
// Keys: what a terminal sends for them, taken apart. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tendril::top {

enum class KeyName : std::uint8_t { character, enter, escape, backspace, tab, up, down, page_up, page_down, home, end };

struct Key {
    KeyName name = KeyName::character;
    char character = 0;
};

// Takes whole keys from the front of `bytes`. A lone escape character at the end stays, unless `no_more` comes soon:
// then it is the key of that name.
std::vector<Key> take_keys(std::string& bytes, bool no_more);

}  // namespace tendril::top
