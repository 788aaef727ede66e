// SPDX-License-Identifier: MIT
//
// Steps: an input for map and imap. Not std::views, which Clang 14 cannot read in libstdc++ 12.

#pragma once

#include <cstddef>
#include <functional>
#include <iterator>

namespace tendril::testing {

// 0, 1, 2, ... without an end; the test says what its steps do.
struct Steps {
    int begin_at = 0;
    int end_at = -1;  // -1: never
    std::function<void(char step, int at)> does = [](char, int) {};

    struct Iterator {
        using difference_type = std::ptrdiff_t;
        using value_type = int;
        const Steps* steps;
        int at;
        int operator*() const {
            steps->does('*', at);
            return at;
        }
        Iterator& operator++() {
            ++at;
            steps->does('+', at);
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) {
            it.steps->does('=', it.at);
            return it.at == it.steps->end_at;
        }
    };
    Iterator begin() const {
        does('b', begin_at);
        return {this, begin_at};
    }
    std::default_sentinel_t end() const { return {}; }
};

}  // namespace tendril::testing
