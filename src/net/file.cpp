// SPDX-License-Identifier: MIT

#include <tendril/file.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <tendril/thread_pool.hpp>

#include "base/escape.hpp"
#include "net/transfer.hpp"

namespace tendril {

namespace {

constexpr std::size_t most_at_once = 256 * 1024;

int flags_of(FileMode mode) noexcept {
    switch (mode) {
    case FileMode::read:
        return O_RDONLY;
    case FileMode::write:
        return O_WRONLY | O_CREAT | O_TRUNC;
    case FileMode::read_write:
        return O_RDWR | O_CREAT;
    case FileMode::append:
        return O_WRONLY | O_CREAT | O_APPEND;
    case FileMode::create:
        return O_RDWR | O_CREAT | O_EXCL;
    }
    return O_RDONLY;
}

// Calls f(fd), which returns -errno for an error, in the pool. The job holds the descriptor.
template <class F>
auto in_pool(const char* what, Deadline deadline, std::shared_ptr<Fd> fd, F f) {
    const int number = fd->get();
    try {
        auto result = offload(deadline, [fd = std::move(fd), f = std::move(f)]() mutable { return f(fd->get()); });
        if (result < 0) {
            detail::fail(static_cast<ssize_t>(result), what);
        }
        return result;
    } catch (const TimeoutError&) {
        detail::time_out({.waited_ns = detail::here::waited_ns()}, [what, number] {
            return std::string("File: ") + what + " of descriptor " + std::to_string(number);
        });
    }
}

template <class Call>
ssize_t again_if_interrupted(Call call) noexcept {
    ssize_t r = 0;
    do {
        r = call();
    } while (r == -EINTR);
    return r;
}

}  // namespace

File File::open(const std::string& path, FileMode mode, unsigned permissions, Deadline deadline) {
    detail::require_no_nul(path, "File::open: a path");
    const std::string what = "open \"" + path + '"';
    try {
        auto fd = offload(deadline, [path, mode, permissions] {
            // O_NONBLOCK, since opening a FIFO would wait for a process at its other end.
            const int flags = flags_of(mode) | O_NONBLOCK | O_NOCTTY;
            Fd opened(static_cast<int>(again_if_interrupted([&] { return sys::open(path, flags, permissions); })));
            if (opened.is_open() && sys::file_kind(opened.get()) == S_IFIFO) {
                opened = Fd(-ESPIPE);
            }
            return std::make_shared<Fd>(std::move(opened));
        });
        if (!fd->is_open()) {
            detail::fail(fd->get(), what);  // -errno
        }
        return File(std::move(fd));
    } catch (const TimeoutError&) {
        detail::time_out({.waited_ns = detail::here::waited_ns()},
                         [path] { return "File::open of \"" + detail::escaped(path) + '"'; });
    }
}

File File::adopt(Fd fd) {
    if (!fd.is_open()) {
        throw std::invalid_argument("File::adopt: the descriptor is closed");
    }
    return File(std::make_shared<Fd>(std::move(fd)));
}

std::shared_ptr<Fd> File::use() const {
    if (fd_ == nullptr) {
        detail::fail(-EBADF, "a file is closed");
    }
    return fd_;
}

std::size_t File::read_at(std::uint64_t offset, Buffer buffer, Deadline deadline) const {
    // Reads into memory that the job owns: the caller's may be gone before the job has ended.
    const auto bytes = std::make_shared<std::string>(std::min(buffer.size(), most_at_once), '\0');
    const ssize_t n = in_pool("read", deadline, use(), [bytes, offset](int fd) {
        return again_if_interrupted([&] { return sys::pread(fd, bytes->data(), bytes->size(), offset); });
    });
    std::copy_n(bytes->data(), static_cast<std::size_t>(n), reinterpret_cast<char*>(buffer.data()));
    return static_cast<std::size_t>(n);
}

std::size_t File::write_at(std::uint64_t offset, Bytes bytes, Deadline deadline) {
    std::string copy(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), most_at_once));
    return static_cast<std::size_t>(in_pool("write", deadline, use(), [copy = std::move(copy), offset](int fd) {
        return again_if_interrupted([&] { return sys::pwrite(fd, copy.data(), copy.size(), offset); });
    }));
}

std::size_t File::recv(Buffer buffer, Deadline deadline) {
    const std::size_t n = read_at(position_, buffer, deadline);
    position_ += n;
    return n;
}

std::size_t File::send(Bytes bytes, Deadline deadline) {
    const std::size_t n = write_at(position_, bytes, deadline);
    position_ += n;
    return n;
}

std::uint64_t File::size(Deadline deadline) const {
    return static_cast<std::uint64_t>(in_pool("size", deadline, use(), [](int fd) { return sys::file_size(fd); }));
}

void File::truncate(std::uint64_t size, Deadline deadline) {
    in_pool("truncate", deadline, use(), [size](int fd) { return sys::truncate(fd, size); });
}

void File::sync(Deadline deadline) {
    in_pool("sync", deadline, use(), [](int fd) { return sys::sync(fd); });
}

}  // namespace tendril
