// SPDX-License-Identifier: MIT
//
// Reads and writes of terminals, against the kernel.

#include <fcntl.h>
#include <termios.h>

#include <cstdlib>
#include <string>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

struct Terminal {
    int master;
    int slave;
};

Terminal open_terminal(Party& me, bool canonical, cc_t least = 1, cc_t tenths = 0) {
    const int master = me.keep(::posix_openpt(O_RDWR | O_NOCTTY));
    ::grantpt(master);
    ::unlockpt(master);
    char name[64];
    ::ptsname_r(master, name, sizeof name);
    const int slave = me.keep(::open(name, O_RDWR | O_NOCTTY));
    termios modes{};
    ::tcgetattr(slave, &modes);
    modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (!canonical) {
        ::cfmakeraw(&modes);
        modes.c_cc[VMIN] = least;
        modes.c_cc[VTIME] = tenths;
    }
    ::tcsetattr(slave, TCSANOW, &modes);
    me.note("opened");
    return {master, slave};
}

TENDRIL_SCENE(KernelTerminal, ReadsLineByLine) {
    const Terminal terminal = open_terminal(me, true);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(terminal.master, "a", 1));
        it.pause(5ms);
        it.saw("write", it.call.write(terminal.master, "b\ncd\n", 5));
    });
    char to[64];
    me.saw("read", me.call.read(terminal.slave, to, sizeof to), to);
    me.saw("read", me.call.read(terminal.slave, to, 1), to);
    me.saw("read", me.call.read(terminal.slave, to, sizeof to), to);
}

TENDRIL_SCENE(KernelTerminal, ReadsItsEnd) {
    const Terminal terminal = open_terminal(me, true);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(terminal.master, "ab\004", 3));
        it.until_waits(it.first());
        it.saw("write", it.call.write(terminal.master, "\004", 1));
    });
    char to[64];
    me.saw("read", me.call.read(terminal.slave, to, sizeof to), to);
    me.saw("read", me.call.read(terminal.slave, to, sizeof to), to);
}

TENDRIL_SCENE(KernelTerminal, ReadsRawBytes) {
    const Terminal terminal = open_terminal(me, false);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(terminal.master, "a", 1));
    });
    char to[64];
    me.saw("read", me.call.read(terminal.slave, to, sizeof to), to);
}

TENDRIL_SCENE(KernelTerminal, WaitsForAsManyAsVmin) {
    const Terminal terminal = open_terminal(me, false, 3);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(terminal.master, "a", 1));
        it.pause(5ms);
        it.saw("write", it.call.write(terminal.master, "bcd", 3));
    });
    char to[64];
    me.saw("read", me.call.read(terminal.slave, to, sizeof to), to);
}

TENDRIL_SCENE(KernelTerminal, WaitsForFewerThanVminIfTheCallDoes) {
    const Terminal terminal = open_terminal(me, false, 3);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(terminal.master, "ab", 2));
    });
    char to[64];
    me.saw("read", me.call.read(terminal.slave, to, 2), to);
}

TENDRIL_SCENE(KernelTerminal, ReturnsAtOnceWithoutVminAndVtime) {
    const Terminal terminal = open_terminal(me, false, 0);
    char to[64];
    me.saw("read", me.call.read(terminal.slave, to, sizeof to), to);
    me.saw("write", me.call.write(terminal.master, "ab", 2));
    me.pause(5ms);
    me.saw("read", me.call.read(terminal.slave, to, sizeof to), to);
}

TENDRIL_SCENE(KernelTerminal, EndsByVtime) {
    const Terminal terminal = open_terminal(me, false, 0, 1);
    const auto start = std::chrono::steady_clock::now();
    char to[64];
    me.saw("read", me.call.read(terminal.slave, to, sizeof to), to);
    me.noted_span(start, 90ms);
}

TENDRIL_SCENE(KernelTerminal, ReadsWhatTheSlaveWrites) {
    const Terminal terminal = open_terminal(me, false);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(terminal.slave, "xyz", 3));
        it.until_waits(it.first());
        it.close(terminal.slave);
    });
    char to[64];
    me.saw("read", me.call.read(terminal.master, to, sizeof to), to);
    me.saw("read", me.call.read(terminal.master, to, sizeof to), to);
}

TENDRIL_SCENE(KernelTerminal, HangsUp) {
    const Terminal terminal = open_terminal(me, false);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(terminal.master);
    });
    char to[64];
    const bool end = me.call.read(terminal.slave, to, sizeof to) <= 0;  // EIO or 0, as it comes to see it
    me.note(end ? "end" : "no end");
    me.saw("write", me.call.write(terminal.slave, "x", 1));
}

TENDRIL_SCENE(KernelTerminal, WritesAllToASlowReader) {
    const Terminal terminal = open_terminal(me, false);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        std::string to(1000, '\0');
        std::size_t sum = 0;
        while (sum < 100'000) {
            const ssize_t n = it.call.read(terminal.master, to.data(), to.size());
            if (n <= 0) {
                break;
            }
            sum += static_cast<std::size_t>(n);
        }
        it.note(std::to_string(sum));
    });
    const std::string text(100'000, 'x');
    me.saw("write", me.call.write(terminal.slave, text.data(), text.size()));
}

}  // namespace
}  // namespace tendril::patch::testing
