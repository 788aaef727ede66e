// SPDX-License-Identifier: MIT

#include "top/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string_view>

namespace tendril::top {

namespace {

void write_all(std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
        text.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    }
}

winsize size_of_terminal() noexcept {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        size.ws_col = 80;
        size.ws_row = 24;
    }
    return size;
}

std::string_view code_of(Style style) noexcept {
    switch (style) {
    case Style::title:
        return "\x1b[1m";
    case Style::head:
        return "\x1b[7m";
    case Style::selected:
        return "\x1b[30;46m";
    case Style::dim:
        return "\x1b[2m";
    case Style::alarm:
        return "\x1b[1;31m";
    case Style::plain:
        break;
    }
    return "";
}

}  // namespace

Screen::Screen() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0 || ::isatty(STDOUT_FILENO) != 1) {
        throw std::runtime_error("the page needs a terminal as input and output; --once prints one page as text");
    }
    take();
}

void Screen::take() {
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    write_all("\x1b[?1049h\x1b[?25l");  // the other screen; no cursor
    taken_ = true;
}

void Screen::give_back() noexcept {
    if (taken_) {
        taken_ = false;
        write_all("\x1b[0m\x1b[?25h\x1b[?1049l");
        ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
}

std::size_t Screen::columns() const noexcept {
    return size_of_terminal().ws_col;
}

std::size_t Screen::rows() const noexcept {
    return size_of_terminal().ws_row;
}

void Screen::draw(const std::vector<Line>& lines) {
    std::string text = "\x1b[H";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        text += i != 0 ? "\r\n" : "";
        text += code_of(lines[i].style);
        text += lines[i].text;
        text += "\x1b[0m\x1b[K";
    }
    write_all(text + "\x1b[J");
}

}  // namespace tendril::top
