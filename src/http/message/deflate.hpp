// SPDX-License-Identifier: MIT
//
// Deflater and Inflater: zlib's streams (RFC 1950, 1951, 1952). Pure: no hub, no waiting. Their memory (about 260 KiB
// to deflate, 40 KiB to inflate, with the largest window) is taken at the first use, so an idle one is small.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <tendril/bytes.hpp>

struct z_stream_s;

namespace tendril::http::detail {

enum class Wrapping : std::uint8_t {
    raw,           // RFC 1951, nothing around it
    zlib,          // RFC 1950: what HTTP calls "deflate"
    gzip,          // RFC 1952; several members in a row are one stream
    gzip_or_zlib,  // for an Inflater: the first byte tells
    any,           // the same, and raw: what servers send that say "deflate"
};

class Deflater {
public:
    // level: 0 (stored) to 9 (smallest). window_bits: 8 to 15, how far back it refers.
    // Throws: std::invalid_argument for anything else.
    explicit Deflater(Wrapping wrapping, int level = 6, int window_bits = 15);

    // All of them append to `out`. Throws: std::bad_alloc; std::logic_error after finish() without reset().
    void write(Bytes in, std::string& out);
    void flush(std::string& out);   // all so far can be read, and ends with 00 00 FF FF; nothing when nothing is new
    void finish(std::string& out);  // the end of the stream

    void reset();             // begins a new stream, and keeps the memory
    void release() noexcept;  // begins a new stream, and gives the memory back

private:
    struct End {
        void operator()(z_stream_s* stream) const noexcept;
    };
    void run(Bytes in, std::string& out, int flush);

    std::unique_ptr<z_stream_s, End> stream_;
    Wrapping wrapping_;
    std::int8_t level_;
    std::int8_t window_bits_;
};

class Inflater {
public:
    // What follows a member of gzip and begins no other.
    enum class Rest : std::uint8_t { refused, left };

    // Throws: std::invalid_argument for window_bits outside 8 to 15.
    explicit Inflater(Wrapping wrapping, int window_bits = 15, Rest rest = Rest::refused);

    // Takes from the front of `in`, and puts into `out` what comes of it, until one of them is used up or the stream
    // has ended: what follows its end is not taken, unless it is the next member of gzip. There may be more when `out`
    // is full, even if `in` is empty.
    // Returns: how many bytes were put into `out`. Throws: ProtocolError (malformed), at every further call too.
    std::size_t inflate(Bytes& in, Buffer out);

    // Is what came so far a whole stream? Input that ends while it is not was cut short.
    bool ended() const noexcept { return ended_; }

    // Does what came so far end where a block does? A message of RFC 7692 does.
    bool at_block_end() const noexcept;

    void reset();             // begins a new stream, and keeps the memory
    void release() noexcept;  // begins a new stream, and gives the memory back

private:
    struct End {
        void operator()(z_stream_s* stream) const noexcept;
    };
    void begin(std::byte first);
    bool another_member(std::byte first) const noexcept;
    bool step(Bytes& in, Buffer& out);

    std::unique_ptr<z_stream_s, End> stream_;
    Wrapping wrapping_;
    std::int8_t window_bits_;
    Rest rest_;
    bool members_ = false;  // it is gzip
    bool begun_ = false;
    bool ended_ = false;
};

}  // namespace tendril::http::detail
