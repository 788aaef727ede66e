// SPDX-License-Identifier: MIT
//
// OutBuffer: collects bytes to be sent. Unlike std::string, it appends a few known bytes in a few instructions; a
// response's head takes a dozen such appends.

#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include <tendril/bytes.hpp>

namespace tendril::http::detail {

class OutBuffer {
public:
    OutBuffer() = default;

    [[gnu::always_inline]] OutBuffer& append(std::string_view text) {
        if (capacity_ - size_ < text.size()) [[unlikely]] {
            grow(text.size());
        }
        if (!text.empty()) {  // memcpy takes no null pointer, even for nothing
            std::memcpy(bytes_.get() + size_, text.data(), text.size());
        }
        size_ += text.size();
        return *this;
    }
    OutBuffer& append_bytes(Bytes bytes) {
        return append(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }

    OutBuffer& append_number(std::uint64_t value, int base = 10) {
        std::array<char, 24> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base);
        return append(std::string_view(digits.data(), static_cast<std::size_t>(end.ptr - digits.data())));
    }

    char* data() noexcept { return bytes_.get(); }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    Bytes bytes() const noexcept { return {bytes_.get(), size_}; }

    void shorten(std::size_t size) noexcept { size_ = size; }
    void clear() noexcept { size_ = 0; }
    void trim(std::size_t most) noexcept {  // frees the memory if it is larger
        if (capacity_ > most) {
            bytes_.reset();
            capacity_ = size_ = 0;
        }
    }

private:
    [[gnu::noinline]] void grow(std::size_t more) {
        const std::size_t capacity = std::max({std::size_t{1024}, capacity_ * 2, size_ + more});
        std::unique_ptr<char[]> larger(new char[capacity]);
        if (size_ > 0) {
            std::memcpy(larger.get(), bytes_.get(), size_);
        }
        bytes_ = std::move(larger);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

}  // namespace tendril::http::detail
