// SPDX-License-Identifier: MIT

#include <tendril/terminal.hpp>

#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <string_view>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>

#include "base/sys.hpp"
#include "children.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::no_child_left;

// Reads to the end.
std::string rest_of(Terminal& terminal) {
    std::string all;
    char buffer[256];
    while (const std::size_t n = terminal.recv(buffer, 10s)) {
        all.append(buffer, n);
    }
    return all;
}

// Reads until `text` has come. Returns: all that came.
std::string read_until(Terminal& terminal, std::string_view text) {
    std::string all;
    char buffer[256];
    while (all.find(text) == std::string::npos) {
        const std::size_t n = terminal.recv(buffer, 10s);
        if (n == 0) {
            break;
        }
        all.append(buffer, n);
    }
    return all;
}

TENDRIL_TEST(Terminal, TheChildRunsInOneOfItsOwn) {
    Popen child(
        shell("test -t 0 && test -t 1 && test -t 2 && echo yes; stty size; echo x >/dev/tty; ps -o tpgid= -p $$ "
              "| tr -d ' '; echo $$"),
        {.terminal = TerminalSize{100, 30}});
    const std::string pid = std::to_string(child.pid());
    EXPECT_EQ(rest_of(child.terminal()), "yes\r\n30 100\r\nx\r\n" + pid + "\r\n" + pid + "\r\n");
    EXPECT_EQ(child.wait(), 0);
    char byte = 0;
    EXPECT_EQ(child.terminal().recv({&byte, 1}), 0u) << "the end, again and again";
    EXPECT_EQ(child.terminal().recv_exactly({&byte, 1}), 0u);
    Popen without({"true"});
    EXPECT_FALSE(without.terminal().is_open());
    EXPECT_EQ(without.wait(), 0);
    EXPECT_TRUE(no_child_left());
}

TENDRIL_TEST(Terminal, WhatIsTypedIsReadAndEchoed) {
    Popen child({"cat"}, {.terminal = TerminalSize{}});
    Terminal& terminal = child.terminal();
    terminal.send_all("line\n");
    EXPECT_EQ(read_until(terminal, "line\r\nline\r\n"), "line\r\nline\r\n");
    terminal.send_all("no end of line");
    terminal.shutdown(Shutdown::write);
    EXPECT_NE(rest_of(terminal).find("no end of line"), std::string::npos);
    EXPECT_EQ(child.wait(), 0);
}

TENDRIL_TEST(Terminal, StreamsMayLeadElsewhere) {
    Popen child(shell("test -t 0 && test ! -t 1 && cat"), {.out = PIPE, .terminal = TerminalSize{}});
    child.terminal().send_all("in\n");
    child.terminal().shutdown(Shutdown::write);
    EXPECT_EQ(child.communicate().out, "in\n");
}

TENDRIL_TEST(Terminal, ControlCharactersBecomeSignals) {
    Popen child(shell("trap 'echo int; exit 5' INT; echo ready; while :; do sleep 0.01; done"),
                {.terminal = TerminalSize{}});
    read_until(child.terminal(), "ready\r\n");
    child.terminal().send_all("\x03");
    EXPECT_NE(read_until(child.terminal(), "int\r\n").find("int"), std::string::npos);
    EXPECT_EQ(child.wait(), 5);
}

TENDRIL_TEST(Terminal, AResizeIsASignal) {
    Popen child(shell("trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.01; done"),
                {.terminal = TerminalSize{}});
    read_until(child.terminal(), "ready\r\n");
    EXPECT_EQ(child.terminal().size(), TerminalSize{});
    child.terminal().resize({132, 50});
    EXPECT_EQ(child.terminal().size(), (TerminalSize{132, 50}));
    EXPECT_EQ(rest_of(child.terminal()), "50 132\r\n");
    EXPECT_EQ(child.wait(), 0);
}

TENDRIL_TEST(Terminal, ADeadlineOrAKillLosesNothing) {
    Popen child(shell("read line; echo got $line"), {.terminal = TerminalSize{}});
    Terminal& terminal = child.terminal();
    char byte = 0;
    EXPECT_THROW(terminal.recv({&byte, 1}, 1ms), TimeoutError);
    EXPECT_THROW(terminal.await_data(1ms), TimeoutError);
    EXPECT_FALSE(with_timeout(1ms, [&] { terminal.recv({&byte, 1}); }));
    auto killed = spawn([&] { terminal.recv({&byte, 1}); });
    testing::until_waiting_for_io(1);
    EXPECT_THROW(terminal.recv({&byte, 1}), ConcurrentUse);
    EXPECT_TRUE(killed.kill());
    terminal.send_all("it\n");
    terminal.await_data();
    EXPECT_EQ(rest_of(terminal), "it\r\ngot it\r\n");
    EXPECT_EQ(child.wait(), 0);
}

// What nobody reads fills the terminal: a sender waits, and its deadline says how far it came.
TENDRIL_TEST(Terminal, AFullTerminalMakesTheSenderWait) {
    TerminalPair pair = open_terminal();
    termios raw{};
    ::tcgetattr(pair.slave.get(), &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(pair.slave.get(), TCSANOW, &raw);
    const std::string much(1 << 20, 'x');
    std::size_t done = 0;
    try {
        pair.master.send_all(much, 5ms);
        ADD_FAILURE();
    } catch (const TimeoutError& e) {
        done = e.done();
    }
    EXPECT_GT(done, 0u);
    EXPECT_LT(done, much.size());
    EXPECT_EQ(errno_of([&] { pair.master.shutdown(Shutdown::write); }), EOPNOTSUPP) << "no line editing";
    EXPECT_EQ(errno_of([&] { pair.master.shutdown(Shutdown::read); }), EOPNOTSUPP);
    auto waits = spawn([&] { return errno_of([&] { pair.master.send_all(much); }); });
    testing::until_waiting_for_io(1);
    pair.master.close();
    EXPECT_EQ(waits.get(), EBADF);
    EXPECT_EQ(errno_of([&] { pair.master.resize({}); }), EBADF);
}

TENDRIL_TEST(Terminal, ClosingItHangsUp) {
    Popen child({"cat"}, {.terminal = TerminalSize{}});
    child.terminal().close();
    EXPECT_EQ(child.wait(), -SIGHUP);
}

TENDRIL_TEST(Terminal, ForkTerminalRunsACopyOfUsInOne) {
    ForkedTerminal forked = fork_terminal({90, 20});
    if (forked.pid == 0) {
        const bool ok = ::isatty(0) && ::isatty(1) && ::getsid(0) == ::getpid() && !forked.terminal.is_open();
        sleep(1ms);  // green threads work here
        const char text[] = "child\n";
        ::_exit(ok && ::write(1, text, sizeof text - 1) > 0 ? 7 : 1);
    }
    EXPECT_EQ(forked.terminal.size(), (TerminalSize{90, 20}));
    EXPECT_EQ(rest_of(forked.terminal), "child\r\n");
    EXPECT_EQ(wait_pid(forked.pid), 7);
}

TENDRIL_TEST(Terminal, AFailureLeavesNothing) {
    for (int n = 1; n <= 2; ++n) {
        const testing::FailNth fault([](sys::Call call) { return call == sys::Call::open; }, n, ENOSPC);
        EXPECT_EQ(errno_of([] { open_terminal(); }), ENOSPC);
        EXPECT_TRUE(fault.happened());
    }
    EXPECT_THROW(Popen({"true"}, {.process_group = 0, .terminal = TerminalSize{}}), std::invalid_argument);
    EXPECT_EQ(errno_of([] { Popen({"no_such_program"}, {.terminal = TerminalSize{}}); }), ENOENT);
    EXPECT_TRUE(no_child_left());
}

}  // namespace
}  // namespace tendril
