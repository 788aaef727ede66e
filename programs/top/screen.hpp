// SPDX-License-Identifier: MIT
//
// Screen: the terminal while `tendril top` has it: its other screen, keys one by one. Gives it back at its end.

#pragma once

#include <termios.h>

#include <cstddef>
#include <string>
#include <vector>

#include "top/page.hpp"

namespace tendril::top {

class Screen {
public:
    // Takes standard input and output. Throws: std::system_error unless both are a terminal.
    Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;
    ~Screen() { give_back(); }

    std::size_t columns() const noexcept;
    std::size_t rows() const noexcept;
    void draw(const std::vector<Line>& lines);

    // For a program that stops: as before, and taken again.
    void give_back() noexcept;
    void take();

private:
    termios before_{};
    bool taken_ = false;
};

}  // namespace tendril::top
