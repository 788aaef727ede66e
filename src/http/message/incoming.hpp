// SPDX-License-Identifier: MIT
//
// Incoming: a stream, and the bytes that were read from it but not used yet.
//
//     | kept | used | unread | free |
//
// `kept` is a message's head, whose text is referred to while the body is read. It does not move until forget().

#pragma once

#include <cstddef>
#include <string_view>

#include <tendril/stream.hpp>

namespace tendril::http::detail {

class Incoming {
public:
    static constexpr std::size_t usual = 8192;

    Incoming() = default;
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;
    explicit Incoming(Stream& stream) noexcept : stream_(&stream) {}
    ~Incoming() { free(); }

    void attach(Stream& stream) noexcept { stream_ = &stream; }
    Stream& stream() const noexcept { return *stream_; }

    std::string_view unread() const noexcept { return {bytes_ + begin_, end_ - begin_}; }
    void take(std::size_t n) noexcept { begin_ += n; }

    // Waits for more bytes and appends them to the unread ones. Invalidates views of unread().
    // Returns: how many bytes came; 0 at the end. Throws: as Source::recv(); nothing was read.
    std::size_t fill(Deadline deadline);

    // As Source::recv(): returns unread bytes first, else reads straight from the stream.
    std::size_t recv(Buffer buffer, Deadline deadline);

    // Takes the first n unread bytes and keeps them in place. Invalidates views of unread().
    // Returns: where they are.
    const char* keep(std::size_t n);
    void forget() noexcept;  // stops keeping the head
    std::size_t kept() const noexcept { return kept_; }

    // Whether nothing is unread. A head may still be kept.
    bool empty() const noexcept { return begin_ == end_; }

    // Drops everything kept and unread. Frees the memory if it is larger than `most`; the usual size is kept, so that
    // the next message needs no allocation.
    void clear(std::size_t most = usual) noexcept;

private:
    static constexpr std::size_t least_room = 2048;

    void make_room();
    void resize(std::size_t capacity);
    void free() noexcept;

    Stream* stream_ = nullptr;
    char* bytes_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t kept_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace tendril::http::detail
