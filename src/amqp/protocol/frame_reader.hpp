// SPDX-License-Identifier: MIT
//
// FrameReader: cuts the bytes that a broker sends into frames, which it gives in place. Pure, resumable at any byte.
//
// One contiguous buffer: room() is where the next bytes go, filled() says how many came, next() gives the frames. A
// frame over the agreed size is refused as soon as its head is there, before memory is taken for it: the buffer never
// grows over one such frame, or 64 KiB.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "amqp/protocol/frame.hpp"

namespace tendril::amqp::detail {

class FrameReader {
public:
    // Where the next bytes go; never empty. Frames that next() gave are invalid from here on. Grows while the peer
    // sends more than fits. Throws: std::bad_alloc; all stays as it was.
    std::span<char> room();
    // Requires: n <= room().size().
    void filled(std::size_t n) noexcept;

    // Returns: the next frame, a view of the buffer; nothing when it has not come whole.
    // Throws: ProtocolError, then and for good: what follows cannot be read.
    std::optional<Frame> next();

    // After the tune; it may have been 0 on the wire, so it must be what was agreed on. 8 KiB before.
    void set_frame_max(std::uint32_t size) noexcept { frame_max_ = size; }

    // Whether nothing of a frame is there; then trim() gives back what the buffer has grown by.
    bool empty() const noexcept { return begin_ == end_; }
    void trim() noexcept;
    std::size_t capacity() const noexcept { return capacity_; }

private:
    std::string_view unread() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
    void resize(std::size_t capacity);

    static constexpr std::size_t least = 4096;
    static constexpr std::size_t most_without_need = std::size_t{64} * 1024;

    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t wanted_ = 0;  // the whole size of the frame that has begun to come; 0: not known
    std::uint32_t frame_max_ = frame_before_tune;
    bool was_full_ = false;  // the last read filled all the room
    bool spoken_ = false;    // a frame has come, so the peer speaks AMQP
};

}  // namespace tendril::amqp::detail
