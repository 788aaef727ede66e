// SPDX-License-Identifier: MIT

#include <tendril/pipe.hpp>

#include "net/pipe_access.hpp"
#include "net/transfer.hpp"

namespace tendril {

using detail::begin;
using detail::Descriptor;
using detail::fail;
using detail::Handle;
using detail::HubCore;
using detail::PipeAccess;

namespace {

Handle take_over(Fd fd, const char* object) {
    HubCore& hub = HubCore::here();
    if (const int r = fd.is_open() ? sys::set_nonblocking(fd.get()) : -EBADF; r < 0) {
        fail(r, std::string("cannot make ") + object + " of descriptor " + std::to_string(fd.get()));
    }
    Descriptor& d = hub.descriptors.open(fd.release());
    d.short_read_empties = false;  // a terminal's read ends with the line
    return Handle(d);
}

}  // namespace

PipeReader PipeAccess::reader(Fd fd) {
    PipeReader made;
    made.handle_ = Handle(HubCore::here().descriptors.open(fd.release()));
    return made;
}

PipeWriter PipeAccess::writer(Fd fd) {
    PipeWriter made;
    made.handle_ = Handle(HubCore::here().descriptors.open(fd.release()));
    return made;
}

PipeReader::PipeReader(Fd fd) : handle_(take_over(std::move(fd), "a pipe's reader")) {}

PipeWriter::PipeWriter(Fd fd) : handle_(take_over(std::move(fd), "a pipe's writer")) {}

std::size_t PipeReader::recv(Buffer buffer, Deadline deadline) {
    return detail::recv_some(begin(handle_, "a pipe's reader"), buffer, deadline, sys::read);
}

std::size_t PipeReader::recv_exactly(Buffer buffer, Deadline deadline) {
    return detail::recv_whole(begin(handle_, "a pipe's reader"), buffer, deadline, sys::read);
}

std::size_t PipeWriter::send(Bytes bytes, Deadline deadline) {
    return detail::send_some(begin(handle_, "a pipe's writer"), bytes, deadline, sys::write_pipe);
}

void PipeWriter::send_all(Bytes bytes, Deadline deadline) {
    detail::send_whole(begin(handle_, "a pipe's writer"), bytes, deadline, sys::write_pipe);
}

Pipe make_pipe() {
    HubCore::here();  // made first: it may throw
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
