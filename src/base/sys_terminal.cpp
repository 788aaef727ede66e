// SPDX-License-Identifier: MIT
//
// The calls of base/sys_child.hpp for pseudo-terminals.

#include <sys/ioctl.h>
#include <termios.h>

#include <cstdlib>

#include "base/raw_terminal.hpp"
#include "base/sys.hpp"
#include "base/sys_child.hpp"

namespace tendril::sys {

int open_terminal_master() noexcept {
    const int master = detail::call<int>(
        Call::open, -1, [] { return ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK); });
    if (master >= 0 && ::unlockpt(master) != 0) {
        const int error = errno;
        close(master);
        return -error;
    }
    return master;
}

int open_terminal_slave(int master) noexcept {
    return detail::call<int>(Call::open, master,
                             [=] { return libc.ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC); });
}

int set_terminal_size(int fd, unsigned short columns, unsigned short rows) noexcept {
    return detail::call<int>(Call::fcntl, fd, [=] {
        struct winsize size {};
        size.ws_col = columns;
        size.ws_row = rows;
        return libc.ioctl(fd, TIOCSWINSZ, &size);
    });
}

int terminal_size(int fd, unsigned short& columns, unsigned short& rows) noexcept {
    return detail::call<int>(Call::fcntl, fd, [&] {
        struct winsize size {};
        const int r = libc.ioctl(fd, TIOCGWINSZ, &size);
        columns = size.ws_col;
        rows = size.ws_row;
        return r;
    });
}

int take_terminal(int slave) noexcept {
    return detail::call<int>(Call::fcntl, slave, [=] {
        if (::setsid() < 0 || libc.ioctl(slave, TIOCSCTTY, 0) < 0) {
            return -1;
        }
        for (int place = 0; place < 3; ++place) {
            if (libc.dup2(slave, place) < 0) {
                return -1;
            }
        }
        return 0;
    });
}

int end_of_input_character(int master) noexcept {
    struct termios settings {};
    if (::tcgetattr(master, &settings) != 0 || (settings.c_lflag & ICANON) == 0) {
        return 0;
    }
    return settings.c_cc[VEOF];
}

bool reads_raw(int fd, unsigned& least, unsigned& tenths) noexcept {
    termios settings{};
    if (::tcgetattr(fd, &settings) != 0 || (settings.c_lflag & ICANON) != 0) {
        return false;
    }
    least = settings.c_cc[VMIN];
    tenths = settings.c_cc[VTIME];
    return true;
}

}  // namespace tendril::sys
