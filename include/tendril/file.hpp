// SPDX-License-Identifier: MIT
// Floor: net
//
// File: a regular file, read and written in the threads of ThreadPool::shared(), since a regular file is always "ready"
// for the kernel and a slow disk would stop every green thread of the hub.
//
//     File file = File::open("data.bin");
//     std::size_t n = file.recv(buffer);                     from where it is
//     file.read_at(4096, buffer);                            or from anywhere
//
// A job that has begun cannot be called back: when its caller is killed or timed out, a read is dropped and the
// position stays; a write happens or not, whole or in part, and the position stays. One user of the position at a time;
// read_at() and write_at() may go on at the same time. For pipes and terminals see pipe.hpp. Example:
// examples/copy_file.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <tendril/fd.hpp>
#include <tendril/stream.hpp>

namespace tendril {

// read: it must exist. write: made or emptied. read_write: made if needed, content stays. append: writes go to its end.
// create: it must not exist (EEXIST), not even as a link; written and read.
enum class FileMode { read, write, read_write, append, create };

class File final : public Source, public Sink {
public:
    File() = default;  // closed

    // permissions: of a new file, less the umask. Yields.
    // Throws: std::system_error that names the path (ESPIPE: a FIFO); std::invalid_argument: the path has a zero byte;
    // TimeoutError; Interrupt.
    static File open(const std::string& path, FileMode mode = FileMode::read, unsigned permissions = 0666,
                     Deadline deadline = never);

    // Of a descriptor of a regular file that was opened elsewhere. Throws: std::invalid_argument for a closed one.
    static File adopt(Fd fd);

    // From, or to, the position, which moves on. send() takes at most 256 KiB at a time.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t send(Bytes bytes, Deadline deadline = never) override;

    // Returns: how many bytes, perhaps less than asked for; 0 at the end of the file.
    std::size_t read_at(std::uint64_t offset, Buffer buffer, Deadline deadline = never) const;
    std::size_t write_at(std::uint64_t offset, Bytes bytes, Deadline deadline = never);

    std::uint64_t position() const noexcept { return position_; }
    void seek(std::uint64_t position) noexcept { position_ = position; }
    std::uint64_t size(Deadline deadline = never) const;
    void truncate(std::uint64_t size, Deadline deadline = never);
    void sync(Deadline deadline = never);  // to the disk: fsync(2)

    // A job that is under way keeps the descriptor open until it is done.
    void close() noexcept override { fd_.reset(); }
    bool is_open() const noexcept override { return fd_ != nullptr; }
    int fd() const noexcept { return fd_ != nullptr ? fd_->get() : -1; }

    // The descriptor stays open as long as this lives, whatever becomes of the File. Throws: EBADF when it is closed.
    std::shared_ptr<const Fd> hold() const { return use(); }

private:
    explicit File(std::shared_ptr<Fd> fd) noexcept : fd_(std::move(fd)) {}
    std::shared_ptr<Fd> use() const;

    std::shared_ptr<Fd> fd_;
    std::uint64_t position_ = 0;
};

}  // namespace tendril
