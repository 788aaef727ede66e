// SPDX-License-Identifier: MIT

#include <tendril/pipe.hpp>

#include "net/pipe_access.hpp"
#include "net/stream.hpp"

namespace tendril {

using detail::begin;
using detail::Descriptor;
using detail::Direction;
using detail::fail;
using detail::Handle;
using detail::HubCore;
using detail::note_read;
using detail::PipeAccess;
using detail::when_ready;

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
    Descriptor& d = begin(handle_, "a pipe's reader");
    if (buffer.empty()) {
        return 0;
    }
    const ssize_t r = when_ready(d, Direction::read, "recv", deadline, 0,
                                 [&](int fd) { return sys::read(fd, buffer.data(), buffer.size()); });
    if (r < 0) {
        fail(r, "recv");
    }
    note_read(d, buffer.size(), r);
    return static_cast<std::size_t>(r);
}

std::size_t PipeReader::recv_exactly(Buffer buffer, Deadline deadline) {
    Descriptor& d = begin(handle_, "a pipe's reader");
    std::size_t done = 0;
    while (done < buffer.size()) {
        const Buffer rest = buffer.after(done);
        const ssize_t r = when_ready(d, Direction::read, "recv_exactly", deadline, done,
                                     [&](int fd) { return sys::read(fd, rest.data(), rest.size()); });
        if (r < 0) {
            fail(r, "recv_exactly");
        }
        if (r == 0) {
            break;
        }
        note_read(d, rest.size(), r);
        done += static_cast<std::size_t>(r);
    }
    return done;
}

std::size_t PipeWriter::send(Bytes bytes, Deadline deadline) {
    Descriptor& d = begin(handle_, "a pipe's writer");
    if (bytes.empty()) {
        return 0;
    }
    const ssize_t r = when_ready(d, Direction::write, "send", deadline, 0,
                                 [&](int fd) { return sys::write_pipe(fd, bytes.data(), bytes.size()); });
    if (r < 0) {
        fail(r, "send");
    }
    return static_cast<std::size_t>(r);
}

void PipeWriter::send_all(Bytes bytes, Deadline deadline) {
    Descriptor& d = begin(handle_, "a pipe's writer");
    std::size_t done = 0;
    while (done < bytes.size()) {
        const Bytes rest = bytes.after(done);
        const ssize_t r = when_ready(d, Direction::write, "send_all", deadline, done,
                                     [&](int fd) { return sys::write_pipe(fd, rest.data(), rest.size()); });
        if (r < 0) {
            fail(r, "send_all, after " + std::to_string(done) + " of " + std::to_string(bytes.size()) + " bytes");
        }
        done += static_cast<std::size_t>(r);
    }
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
