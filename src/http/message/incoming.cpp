// SPDX-License-Identifier: MIT

#include "http/message/incoming.hpp"

#include <algorithm>
#include <cstring>

#include "http/message/spare_blocks.hpp"

namespace tendril::http::detail {

using UsualBlocks = SpareBlocks<Incoming::usual, 64>;

std::size_t Incoming::fill(Deadline deadline) {
    make_room();
    const std::size_t n = stream_->recv({bytes_ + end_, capacity_ - end_}, deadline);
    end_ += n;
    return n;
}

std::size_t Incoming::recv(Buffer buffer, Deadline deadline) {
    if (empty()) {
        return stream_->recv(buffer, deadline);
    }
    const std::size_t n = std::min(buffer.size(), end_ - begin_);
    std::memcpy(buffer.data(), bytes_ + begin_, n);
    begin_ += n;
    return n;
}

const char* Incoming::keep(std::size_t n) {
    kept_ = begin_ += n;
    if (capacity_ - kept_ < least_room) {  // room for the body's chunk sizes: nothing can move while the head is kept
        resize(capacity_ + usual);
    }
    return bytes_ + (kept_ - n);
}

void Incoming::forget() noexcept {
    kept_ = 0;
    if (begin_ == end_) {
        begin_ = end_ = 0;
    }
}

void Incoming::clear(std::size_t most) noexcept {
    kept_ = begin_ = end_ = 0;
    if (capacity_ > most) {
        free();
    }
}

void Incoming::make_room() {
    if (begin_ == end_) {
        begin_ = end_ = kept_;
    }
    if (capacity_ - end_ >= least_room) {
        return;
    }
    if (begin_ > kept_) {
        std::memmove(bytes_ + kept_, bytes_ + begin_, end_ - begin_);
        end_ = kept_ + (end_ - begin_);
        begin_ = kept_;
    }
    if (capacity_ - end_ < least_room) {  // never while a head is kept: keep() made room, and bodies leave no rest
        resize(std::max(usual, capacity_ * 2));
    }
}

void Incoming::resize(std::size_t capacity) {
    const auto larger = static_cast<char*>(capacity == usual ? UsualBlocks::allocate() : ::operator new(capacity));
    if (end_ > 0) {
        std::memcpy(larger, bytes_, end_);
    }
    free();
    bytes_ = larger;
    capacity_ = capacity;
}

void Incoming::free() noexcept {
    if (capacity_ == usual) {
        UsualBlocks::free(bytes_);
    } else {
        ::operator delete(bytes_);
    }
    bytes_ = nullptr;
    capacity_ = 0;
}

}  // namespace tendril::http::detail
