// SPDX-License-Identifier: MIT
// Floor: net
//
// Bytes and Buffer: the memory that socket calls read from and write into.
//
//     socket.send_all("hello");                      a string literal, without its final zero
//     std::array<char, 512> buffer;
//     std::size_t n = socket.recv(buffer);           fills at most the array's size
//     socket.send_all({buffer.data(), n});           a pointer and a size, in bytes
//
// They are views of memory that the caller owns and keeps until the call has returned. They convert from everything
// that holds bytes contiguously: spans, strings, vectors and arrays of char, unsigned char, char8_t or std::byte.

#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tendril {

namespace detail {
template <class T, class... Kinds>
concept OneOf = (std::same_as<T, Kinds> || ...);

template <class T>
concept ByteLike = OneOf < std::remove_cv_t<T>,
char, unsigned char, std::byte, char8_t > ;

// A contiguous range of known size. Uses std::data() and std::size(), since <ranges> takes long to compile.
template <class R>
concept ByteRange = requires(R& range) {
    std::begin(range);
    std::size(range);
    requires ByteLike<std::remove_reference_t<decltype(*std::data(range))>>;
};

template <class R>
concept WritableByteRange =
    ByteRange<R> && !std::is_const_v<std::remove_reference_t<decltype(*std::data(std::declval<R&>()))>>;

// A range that is no temporary, or one whose bytes outlive it, such as a std::span.
template <class R>
concept Borrowed = std::is_lvalue_reference_v<R> || std::ranges::enable_borrowed_range<std::remove_cvref_t<R>>;
}  // namespace detail

// Constant bytes, to be sent or parsed.
class Bytes {
public:
    constexpr Bytes() noexcept = default;  // empty

    // Views `size` bytes; a text up to its final zero; or a whole range. Implicit on purpose.
    Bytes(const void* data, std::size_t size) noexcept : span_(static_cast<const std::byte*>(data), size) {}
    Bytes(const char* text) noexcept : Bytes(std::string_view(text)) {}
    template <detail::ByteRange R>
    requires(!std::is_array_v<std::remove_cvref_t<R>>) Bytes(const R& range)
    noexcept : Bytes(std::data(range), std::size(range)) {}

    // Deleted: an array that is not constant may be text, or a buffer that is only partly filled. Say {array, size}.
    template <detail::ByteLike T, std::size_t n>
    requires(!std::is_const_v<T>) Bytes(T (&array)[n])
    = delete;

    const std::byte* data() const noexcept { return span_.data(); }  // the first byte
    std::size_t size() const noexcept { return span_.size(); }
    bool empty() const noexcept { return span_.empty(); }

    // Returns the bytes after the first n. Requires: n <= size().
    Bytes after(std::size_t n) const noexcept { return {data() + n, size() - n}; }
    operator std::span<const std::byte>() const noexcept { return span_; }

private:
    std::span<const std::byte> span_;
};

// Writable memory, to be filled. A temporary converts only if its bytes outlive it, as a span's do.
class Buffer {
public:
    constexpr Buffer() noexcept = default;  // empty
    // Of that many bytes at an address.
    Buffer(void* data, std::size_t size) noexcept : span_(static_cast<std::byte*>(data), size) {}
    // NOLINTBEGIN(bugprone-forwarding-reference-overload): the constraint excludes Buffer itself
    template <class R>
    requires(!std::same_as<std::remove_cvref_t<R>, Buffer> && detail::WritableByteRange<R> && detail::Borrowed<R>)
        Buffer(R&& range)
    noexcept : Buffer(std::data(range), std::size(range)) {}
    // NOLINTEND(bugprone-forwarding-reference-overload)

    std::byte* data() const noexcept { return span_.data(); }  // the first byte
    std::size_t size() const noexcept { return span_.size(); }
    bool empty() const noexcept { return span_.empty(); }

    // Returns the memory after the first n bytes. Requires: n <= size().
    Buffer after(std::size_t n) const noexcept { return {data() + n, size() - n}; }
    operator std::span<std::byte>() const noexcept { return span_; }

private:
    std::span<std::byte> span_;
};

}  // namespace tendril
