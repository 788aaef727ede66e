// SPDX-License-Identifier: MIT

#include <tendril/duplex.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <string>

#include "base/escape.hpp"
#include "net/transfer.hpp"

namespace tendril {

using detail::Descriptor;
using detail::Direction;
using detail::enter_call;
using detail::fail;

namespace {

constexpr const char* object = "a duplex device";

// 0; -errno if calls on it cannot be waited for in both directions.
int check(int fd) noexcept {
    const int kind = sys::file_kind(fd);
    if (kind < 0) {
        return kind;
    }
    if (kind != S_IFCHR && kind != S_IFIFO) {
        return -EPROTOTYPE;
    }
    const int flags = sys::status_flags(fd);
    return flags < 0 ? flags : (flags & O_ACCMODE) != O_RDWR ? -EBADF : 0;
}

detail::Handle take_over(Fd fd) {
    detail::here::make_hub();
    int r = fd.is_open() ? check(fd.get()) : -EBADF;
    r = r < 0 ? r : sys::set_nonblocking(fd.get());
    if (r < 0) {
        fail(r, "cannot make a Duplex of descriptor " + std::to_string(fd.get()));
    }
    Descriptor& d = detail::here::descriptors().open(fd.release());
    d.short_read_empties = false;  // a terminal's read ends with the line
    return detail::Handle(d);
}

}  // namespace

// Nothing written here raises SIGPIPE: this process is itself a reader of the FIFO, and devices have no such signal.

Duplex::Duplex(Fd fd) : handle_(take_over(std::move(fd))) {}

std::size_t Duplex::recv(Buffer buffer, Deadline deadline) {
    return detail::recv_some(enter_call(handle_, object, Direction::read, "recv"), buffer, deadline, sys::read);
}

std::size_t Duplex::recv_exactly(Buffer buffer, Deadline deadline) {
    return detail::recv_whole(enter_call(handle_, object, Direction::read, "recv_exactly"), buffer, deadline,
                              sys::read);
}

std::size_t Duplex::recv_parts(std::span<const Buffer> parts, Deadline deadline) {
    return detail::recv_some_parts(enter_call(handle_, object, Direction::read, "recv_parts"), parts, deadline,
                                   sys::read_parts);
}

std::size_t Duplex::send(Bytes bytes, Deadline deadline) {
    return detail::send_some(enter_call(handle_, object, Direction::write, "send"), bytes, deadline, sys::write);
}

void Duplex::send_all(Bytes bytes, Deadline deadline) {
    detail::send_whole(enter_call(handle_, object, Direction::write, "send_all"), bytes, deadline, sys::write);
}

void Duplex::await_data(Deadline deadline) {
    Descriptor& d = enter_call(handle_, object, Direction::read, "await_data");
    detail::Descriptors::refuse_second(d, Direction::read);
    pollfd asked{d.fd, POLLIN, 0};
    if (sys::poll(&asked, 1, 0) != 0) {
        return;
    }
    d.emptied();
    detail::await(d, Direction::read, "await_data", deadline);
}

void Duplex::shutdown(Shutdown /*how*/, Deadline /*deadline*/) {
    static_cast<void>(handle_.use(object));
    fail(-EOPNOTSUPP, "shutdown: a device has no end that could be ended by itself; close() it");
}

Fd Duplex::release() {
    return Fd(handle_.release(object));
}

Duplex open_duplex(const std::string& path) {
    const std::string what = "open " + detail::escaped(path) + " in both directions";
    const int number = sys::open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (number < 0) {
        fail(number, what);
    }
    Fd fd(number);
    if (const int r = check(number); r < 0) {
        fail(r, what);
    }
    return Duplex(std::move(fd));
}

}  // namespace tendril
