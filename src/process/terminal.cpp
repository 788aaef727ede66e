// SPDX-License-Identifier: MIT

#include <tendril/terminal.hpp>

#include <algorithm>
#include <string_view>

#include <tendril/fork.hpp>

#include "base/sys_child.hpp"
#include "net/transfer.hpp"

namespace tendril {

using detail::Direction;
using detail::enter_call;
using detail::fail;

namespace {

// The system says EIO when no process has the terminal open any more.
ssize_t read_terminal(int fd, void* p, std::size_t n) noexcept {
    const ssize_t r = sys::read(fd, p, n);
    return r == -EIO ? 0 : r;
}

// Makes the slave's number one that no standard stream has.
Fd above_the_standard_ones(Fd fd) {
    return fd.get() < 3 ? Fd(sys::checked(sys::duplicate(fd.get(), 3), "cannot open a terminal")) : std::move(fd);
}

}  // namespace

Terminal::Terminal(Fd master) {
    detail::here::make_hub();
    const int r = master.is_open() ? sys::set_nonblocking(master.get()) : -EBADF;
    if (r < 0) {
        fail(r, "cannot make a terminal of descriptor " + std::to_string(master.get()));
    }
    detail::Descriptor& d = detail::here::descriptors().open(master.release());
    d.short_read_empties = false;
    handle_ = detail::Handle(d);
}

std::size_t Terminal::recv(Buffer buffer, Deadline deadline) {
    return detail::recv_some(enter_call(handle_, "a terminal", Direction::read, "recv"), buffer, deadline,
                             read_terminal);
}

std::size_t Terminal::recv_exactly(Buffer buffer, Deadline deadline) {
    return detail::recv_whole(enter_call(handle_, "a terminal", Direction::read, "recv_exactly"), buffer, deadline,
                              read_terminal);
}

void Terminal::note_sent(Bytes bytes, std::size_t count) noexcept {
    if (count > 0) {
        in_line_ = static_cast<char>(bytes.data()[count - 1]) != '\n';
    }
}

std::size_t Terminal::send(Bytes bytes, Deadline deadline) {
    const std::size_t sent =
        detail::send_some(enter_call(handle_, "a terminal", Direction::write, "send"), bytes, deadline, sys::write);
    note_sent(bytes, sent);
    return sent;
}

void Terminal::send_all(Bytes bytes, Deadline deadline) {
    in_line_ = in_line_ || !bytes.empty();  // if this ends early
    detail::send_whole(enter_call(handle_, "a terminal", Direction::write, "send_all"), bytes, deadline, sys::write);
    note_sent(bytes, bytes.size());
}

void Terminal::await_data(Deadline deadline) {
    detail::Descriptor& d = enter_call(handle_, "a terminal", Direction::read, "await_data");
    detail::Descriptors::refuse_second(d, Direction::read);
    if (d.readable) {
        pollfd one{d.fd, POLLIN, 0};
        if (sys::poll(&one, 1, 0) != 0) {
            return;
        }
        d.emptied();
    }
    detail::await(d, Direction::read, "await_data", deadline);
}

void Terminal::shutdown(Shutdown how, Deadline deadline) {
    const int master = handle_.use("a terminal").fd;
    if (how != Shutdown::write) {
        fail(-EOPNOTSUPP, "shutdown: a terminal cannot be read-closed alone; use close()");
    }
    const int end = sys::end_of_input_character(master);
    if (end == 0) {
        fail(-EOPNOTSUPP, "shutdown: this terminal's program has switched line editing off, so that no character ends "
                          "its input; send what the program takes for its end, or close()");
    }
    const char typed[2] = {static_cast<char>(end), static_cast<char>(end)};
    send_all(std::string_view(typed, in_line_ ? 2 : 1), deadline);
    in_line_ = false;
}

void Terminal::resize(TerminalSize size) {
    sys::checked(sys::set_terminal_size(handle_.use("a terminal").fd, size.columns, size.rows), "Terminal::resize");
}

TerminalSize Terminal::size() const {
    TerminalSize size;
    sys::checked(sys::terminal_size(handle_.use("a terminal").fd, size.columns, size.rows), "Terminal::size");
    return size;
}

TerminalPair open_terminal(TerminalSize size) {
    detail::here::make_hub();
    Terminal master{Fd(sys::checked(sys::open_terminal_master(), "cannot open a terminal"))};
    Fd slave(sys::checked(sys::open_terminal_slave(master.fd()), "cannot open a terminal"));
    master.resize(size);
    return {std::move(master), above_the_standard_ones(std::move(slave))};
}

ForkedTerminal fork_terminal(TerminalSize size) {
    TerminalPair pair = open_terminal(size);
    const pid_t pid = fork();
    if (pid == 0) {
        pair.master.close();
        sys::checked(sys::take_terminal(pair.slave.get()), "fork_terminal: the child cannot take its terminal");
    }
    pair.slave.close();
    return {pid, std::move(pair.master)};
}

}  // namespace tendril
