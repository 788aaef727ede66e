// SPDX-License-Identifier: MIT
// Floor: process
//
// Terminal: our side (the master) of a pseudo-terminal, pty(7), for programs that behave differently without a
// terminal, or that refuse to run. PopenOptions::terminal gives one to a child:
//
//     Popen child({"bash"}, {.terminal = TerminalSize{100, 30}});
//     child.terminal().send_all("tty\n");
//     std::size_t n = child.terminal().recv(buffer);                  // 0: no process has the terminal open any more
//     child.terminal().resize({120, 40});                             // the program in front gets SIGWINCH
//
// stream.hpp says what holds for it as for sockets: when calls yield, what they throw, what a kill or a timeout does.
//
// What one side sees is not what the other wrote: the terminal echoes input, edits lines, turns "\n" into "\r\n", and
// turns Ctrl-C into SIGINT. termios(3) changes that, by tcsetattr(terminal.fd(), ...), which never waits. Input that
// the program does not read fills the terminal (about 4 KiB); then send() waits, so let another green thread read.
//
// A Terminal belongs to the OS thread that made it (WrongThread). Example: examples/terminal.cpp

#pragma once

#include <sys/types.h>

#include <cstddef>

#include <tendril/detail/net/handle.hpp>
#include <tendril/fd.hpp>
#include <tendril/stream.hpp>

namespace tendril {

// In characters.
struct TerminalSize {
    unsigned short columns = 80;  // characters in a line
    unsigned short rows = 24;     // lines
    friend bool operator==(const TerminalSize&, const TerminalSize&) = default;
};

class Terminal final : public Stream {
public:
    Terminal() = default;  // closed

    // Takes over the master of a pseudo-terminal, and makes it non-blocking. Throws: std::system_error; `master` is
    // then closed.
    explicit Terminal(Fd master);

    // Receives what the programs in the terminal print, and the echo of their input. Returns: as Source::recv(); 0 when
    // no process has the terminal open any more. All that they printed before has been received then. (The system's
    // error EIO means the same, and is not thrown.)
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never) override;

    // Type at the terminal. After a TimeoutError, its done() bytes have been typed.
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;

    void await_data(Deadline deadline = never) override;

    // Shutdown::write types the end-of-input character (Ctrl-D), twice after an unfinished line: a program that reads
    // line by line sees the end of its input. The Terminal stays open in both directions. Throws: as send();
    // std::system_error (EOPNOTSUPP) for the other directions, and in a terminal that has no such character, since its
    // program has switched line editing off.
    void shutdown(Shutdown how, Deadline deadline = never) override;

    // Hangs up: the session leader gets SIGHUP, and reads in the terminal end. Idempotent.
    void close() noexcept override { handle_.close(); }
    bool is_open() const noexcept override { return handle_.is_open(); }
    int fd() const noexcept override { return handle_.fd(); }

    // Tell the terminal its size, of which the program in front learns by SIGWINCH, and return it. Never wait. Throw:
    // std::system_error (EBADF: it is closed); WrongThread.
    void resize(TerminalSize size);
    TerminalSize size() const;

    // For wait() and iwait(): ready when there is something to read, or the end. Consumes nothing.
    bool ready() const { return handle_.ready("a terminal"); }
    void observe(detail::Observer& observer) const { handle_.observe("a terminal", observer); }

private:
    detail::Handle handle_;
    bool in_line_ = false;  // the last byte that was sent did not end a line
    void note_sent(Bytes bytes, std::size_t count) noexcept;
};

// A new pseudo-terminal: our side, and the side to be given to programs (blocking; closed on exec).
struct TerminalPair {
    Terminal master;  // what the program's terminal would show, and what it would be typed
    Fd slave;         // what the program takes for its terminal
};

// Makes a pseudo-terminal. Does not yield. Throws: std::system_error (ENOSPC: the system has no more of them).
TerminalPair open_terminal(TerminalSize size = {});

// The two processes after fork_terminal().
struct ForkedTerminal {
    pid_t pid = 0;      // 0 in the child
    Terminal terminal;  // closed in the child
};

// forkpty(3) by fork(): makes a child that goes on in the calling green thread, in a session of its own, whose terminal
// is a new pseudo-terminal; standard input, output and error of the child lead there. The child's end: wait_pid(). For
// a program rather than a copy of this one use PopenOptions::terminal. Does not yield.
// Throws: as open_terminal() and fork(); no child was made.
ForkedTerminal fork_terminal(TerminalSize size = {});

}  // namespace tendril
