// SPDX-License-Identifier: MIT
// Floor: net
//
// What socket calls take: Bytes to read from, Buffer to write into. Views of somebody else's memory, made from
// whatever holds bytes contiguously: spans, strings, vectors and arrays of char, unsigned char or std::byte; or
// {pointer, size}. A string literal is a Bytes without its final zero.

#pragma once

#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>

namespace tendril {

namespace detail {
template <class T, class... Kinds>
concept OneOf = (std::same_as<T, Kinds> || ...);

template <class T>
concept ByteLike = OneOf < std::remove_cv_t<T>,
char, unsigned char, std::byte, char8_t > ;

template <class R>
concept ByteRange =
    std::ranges::contiguous_range<R> && std::ranges::sized_range<R> && ByteLike<std::ranges::range_value_t<R>>;

template <class R>
concept WritableByteRange = ByteRange<R> && std::ranges::borrowed_range<R> &&
    !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>;
}  // namespace detail

class Bytes {
public:
    constexpr Bytes() noexcept = default;
    Bytes(const void* data, std::size_t size) noexcept : span_(static_cast<const std::byte*>(data), size) {}
    Bytes(const char* text) noexcept : Bytes(std::string_view(text)) {}
    template <detail::ByteRange R>
    requires(!std::is_array_v<std::remove_cvref_t<R>>) Bytes(const R& range)
    noexcept : Bytes(std::ranges::data(range), std::ranges::size(range)) {}

    // Is it text or a buffer that is not full? Say {array, size}.
    template <detail::ByteLike T, std::size_t n>
    requires(!std::is_const_v<T>) Bytes(T (&array)[n])
    = delete;

    const std::byte* data() const noexcept { return span_.data(); }
    std::size_t size() const noexcept { return span_.size(); }
    bool empty() const noexcept { return span_.empty(); }
    Bytes after(std::size_t n) const noexcept { return {data() + n, size() - n}; }
    operator std::span<const std::byte>() const noexcept { return span_; }

private:
    std::span<const std::byte> span_;
};

class Buffer {
public:
    constexpr Buffer() noexcept = default;
    Buffer(void* data, std::size_t size) noexcept : span_(static_cast<std::byte*>(data), size) {}
    template <class R>
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint excludes Buffer itself
    requires(!std::same_as<std::remove_cvref_t<R>, Buffer> && detail::WritableByteRange<R>) Buffer(R&& range)
    noexcept : Buffer(std::ranges::data(range), std::ranges::size(range)) {}

    std::byte* data() const noexcept { return span_.data(); }
    std::size_t size() const noexcept { return span_.size(); }
    bool empty() const noexcept { return span_.empty(); }
    Buffer after(std::size_t n) const noexcept { return {data() + n, size() - n}; }
    operator std::span<std::byte>() const noexcept { return span_; }

private:
    std::span<std::byte> span_;
};

}  // namespace tendril
