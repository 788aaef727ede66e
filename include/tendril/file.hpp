// SPDX-License-Identifier: MIT
// Floor: net
//
// File: a regular file. Its calls run in the threads of ThreadPool::shared() while the calling green thread waits: for
// the kernel a regular file is always "ready", so a slow disk would stop every green thread of the hub.
//
//     File file = File::open("data.bin");
//     std::size_t n = file.recv(buffer);                     from the current position
//     file.read_at(4096, buffer);                            from any other
//
// Every call with a deadline yields, and throws std::system_error (EBADF: the file is closed), TimeoutError or
// Interrupt. A job that has begun cannot be recalled. If its caller is killed or timed out, the position stays where it
// was; what was read is dropped; what was to be written may be written whole, in part or not at all.
//
// Only one green thread at a time may use the position; read_at() and write_at() may run at the same time as others.
// For pipes and terminals see pipe.hpp. Example: examples/copy_file.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <tendril/fd.hpp>
#include <tendril/stream.hpp>

namespace tendril {

// How open() opens a file.
//   read        for reading; it must exist
//   write       for writing; made if it does not exist, else emptied
//   read_write  for both; made if it does not exist, else its content stays
//   append      for writing; made if it does not exist; every write goes to the file's end, whatever the position
//   create      for both; it must not exist (EEXIST), not even as a link
enum class FileMode { read, write, read_write, append, create };

class File final : public Source, public Sink {
public:
    File() = default;  // closed

    // Opens a file; the position is its beginning. permissions: of a new file, less the umask.
    // Throws: std::system_error that names the path (ESPIPE: it is a FIFO); std::invalid_argument if the path has a
    // zero byte; TimeoutError; Interrupt.
    static File open(const std::string& path, FileMode mode = FileMode::read, unsigned permissions = 0666,
                     Deadline deadline = never);

    // Takes over the descriptor of a regular file that other code opened. Does not yield.
    // Throws: std::invalid_argument if it is closed.
    static File adopt(Fd fd);

    // Read from, or write to, the position, and move it on by the bytes that were transferred: at most 256 KiB in one
    // call. Return: that number of bytes; recv() returns 0 at the end of the file.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;
    std::size_t send(Bytes bytes, Deadline deadline = never) override;

    // Read from, or write to, `offset` bytes after the beginning; leave the position alone. At most 256 KiB in one
    // call. Return: the number of bytes, perhaps fewer than given; read_at() returns 0 at the end of the file.
    std::size_t read_at(std::uint64_t offset, Buffer buffer, Deadline deadline = never) const;
    std::size_t write_at(std::uint64_t offset, Bytes bytes, Deadline deadline = never);

    // The position, in bytes from the beginning; it may lie past the end. Neither call asks the system.
    std::uint64_t position() const noexcept { return position_; }
    void seek(std::uint64_t position) noexcept { position_ = position; }

    std::uint64_t size(Deadline deadline = never) const;           // in bytes
    void truncate(std::uint64_t size, Deadline deadline = never);  // sets the size; a longer file is filled with zeros
    void sync(Deadline deadline = never);                          // waits until all is on the disk: fsync(2)

    // Closes the file, without waiting; a job that is under way keeps the descriptor open until it is done.
    void close() noexcept override { fd_.reset(); }
    bool is_open() const noexcept override { return fd_ != nullptr; }
    int fd() const noexcept { return fd_ != nullptr ? fd_->get() : -1; }  // still the file's; -1 when closed

    // Returns a share of the descriptor, which keeps it open even after close(). Throws: EBADF if it is closed already.
    std::shared_ptr<const Fd> hold() const { return use(); }

private:
    explicit File(std::shared_ptr<Fd> fd) noexcept : fd_(std::move(fd)) {}
    std::shared_ptr<Fd> use() const;

    std::shared_ptr<Fd> fd_;
    std::uint64_t position_ = 0;
};

}  // namespace tendril
