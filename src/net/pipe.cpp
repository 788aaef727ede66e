// SPDX-License-Identifier: MIT

#include <tendril/pipe.hpp>

#include <sys/stat.h>

#include "net/pipe_access.hpp"
#include "net/transfer.hpp"

namespace tendril {

using detail::Descriptor;
using detail::Direction;
using detail::enter_call;
using detail::fail;
using detail::Handle;
using detail::PipeAccess;

namespace {

Handle take_over(Fd fd, const char* object, bool shared = false) {
    detail::here::make_hub();
    const auto prepare = [&] { return shared ? sys::status_flags(fd.get()) : sys::set_nonblocking(fd.get()); };
    if (const int r = fd.is_open() ? prepare() : -EBADF; r < 0) {
        fail(r, std::string("cannot make ") + object + " of descriptor " + std::to_string(fd.get()));
    }
    Descriptor& d = detail::here::descriptors().open(fd.release());
    d.short_read_empties = false;  // a terminal's read ends with the line
    return Handle(d);
}

// Opens the same pipe or terminal again, with a non-blocking flag of its own. Returns: a closed Fd if that is
// impossible.
Fd reopened(const Fd& fd) noexcept {
    const bool can_be = fd.is_open() && (sys::file_kind(fd.get()) == S_IFIFO || sys::is_terminal(fd.get()));
    const int access = can_be ? sys::status_flags(fd.get()) & O_ACCMODE : 0;
    return Fd(can_be ? sys::reopen(fd.get(), access | O_NONBLOCK) : -1);
}

// Whether a call on this descriptor, which is in blocking mode, would return at once.
bool is_ready(int fd, short event) noexcept {
    pollfd one{fd, event, 0};
    return sys::poll(&one, 1, 0) > 0;
}

ssize_t read_shared(int fd, void* p, std::size_t n) noexcept {
    return is_ready(fd, POLLIN) ? sys::read(fd, p, n) : -EAGAIN;
}

ssize_t write_shared(int fd, const void* p, std::size_t n) noexcept {
    constexpr std::size_t never_waits = 4096;  // PIPE_BUF: if poll() says writable, there is room for this much
    return is_ready(fd, POLLOUT) ? sys::write_pipe(fd, p, n < never_waits ? n : never_waits) : -EAGAIN;
}

Fd copy_of(int fd) {
    return Fd(sys::checked(sys::duplicate(fd, 3), "cannot copy a standard descriptor"));
}

}  // namespace

PipeReader PipeAccess::reader(Fd fd) {
    PipeReader made;
    made.handle_ = Handle(detail::here::descriptors().open(fd.release()));
    return made;
}

PipeWriter PipeAccess::writer(Fd fd) {
    PipeWriter made;
    made.handle_ = Handle(detail::here::descriptors().open(fd.release()));
    return made;
}

PipeReader::PipeReader(Fd fd) : handle_(take_over(std::move(fd), "a pipe's reader")) {}

PipeWriter::PipeWriter(Fd fd) : handle_(take_over(std::move(fd), "a pipe's writer")) {}

PipeReader PipeReader::shared(Fd fd) {
    if (Fd own = reopened(fd); own.is_open()) {
        return PipeReader(std::move(own));
    }
    PipeReader made;
    made.handle_ = take_over(std::move(fd), "a pipe's reader", true);
    made.shared_ = true;
    return made;
}

PipeWriter PipeWriter::shared(Fd fd) {
    if (Fd own = reopened(fd); own.is_open()) {
        return PipeWriter(std::move(own));
    }
    PipeWriter made;
    made.handle_ = take_over(std::move(fd), "a pipe's writer", true);
    made.shared_ = true;
    return made;
}

PipeReader standard_input() {
    return PipeReader::shared(copy_of(0));
}

PipeWriter standard_output() {
    return PipeWriter::shared(copy_of(1));
}

std::size_t PipeReader::recv(Buffer buffer, Deadline deadline) {
    return detail::recv_some(enter_call(handle_, "a pipe's reader", Direction::read, "recv"), buffer, deadline,
                             shared_ ? read_shared : sys::read);
}

std::size_t PipeReader::recv_exactly(Buffer buffer, Deadline deadline) {
    return detail::recv_whole(enter_call(handle_, "a pipe's reader", Direction::read, "recv_exactly"), buffer, deadline,
                              shared_ ? read_shared : sys::read);
}

std::size_t PipeReader::recv_parts(std::span<const Buffer> parts, Deadline deadline) {
    return shared_ ? Source::recv_parts(parts, deadline)
                   : detail::recv_some_parts(enter_call(handle_, "a pipe's reader", Direction::read, "recv_parts"),
                                             parts, deadline, sys::read_parts);
}

std::size_t PipeWriter::send(Bytes bytes, Deadline deadline) {
    return detail::send_some(enter_call(handle_, "a pipe's writer", Direction::write, "send"), bytes, deadline,
                             shared_ ? write_shared : sys::write_pipe);
}

void PipeWriter::send_all(Bytes bytes, Deadline deadline) {
    detail::send_whole(enter_call(handle_, "a pipe's writer", Direction::write, "send_all"), bytes, deadline,
                       shared_ ? write_shared : sys::write_pipe);
}

void PipeWriter::send_parts(std::span<const Bytes> parts, Deadline deadline) {
    if (shared_) {
        return Sink::send_parts(parts, deadline);
    }
    detail::send_whole_parts(enter_call(handle_, "a pipe's writer", Direction::write, "send_parts"), parts, deadline,
                             sys::write_pipe_parts);
}

Pipe make_pipe() {
    detail::here::make_hub();  // before the pipe, since it may throw
    int ends[2];
    if (const int r = sys::pipe(ends, O_NONBLOCK); r < 0) {
        fail(r, "make_pipe");
    }
    Fd reading(ends[0]);
    Fd writing(ends[1]);
    PipeReader reader = PipeAccess::reader(std::move(reading));
    return {std::move(reader), PipeAccess::writer(std::move(writing))};
}

}  // namespace tendril
