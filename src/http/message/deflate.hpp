// SPDX-License-Identifier: MIT
//
// Deflater and Inflater: zlib's streams (RFC 1950, 1951, 1952). Pure: no hub, no waiting. They allocate their memory
// (about 260 KiB to deflate, 40 KiB to inflate, with the largest window) at the first use, so an idle one is small.

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
    gzip,          // RFC 1952; several members in a row form one stream
    gzip_or_zlib,  // for an Inflater: decided by the first byte
    any,           // for an Inflater: also raw, as some servers send for "deflate"
};

class Deflater {
public:
    // `level`: 0 (stored) to 9 (smallest). `window_bits`: 8 to 15, how far back the stream refers.
    // Throws: std::invalid_argument for anything else.
    explicit Deflater(Wrapping wrapping, int level = 6, int window_bits = 15);

    // All three append to `out`. Throws: std::bad_alloc; std::logic_error after finish() without reset().
    void write(Bytes in, std::string& out);
    // Makes all input so far readable: the output then ends with 00 00 FF FF. Adds nothing if there is no new input.
    void flush(std::string& out);
    void finish(std::string& out);  // ends the stream

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
    // What to do with bytes after a gzip member that do not begin another.
    enum class Rest : std::uint8_t { refused, left };

    // Throws: std::invalid_argument for window_bits outside 8 to 15.
    explicit Inflater(Wrapping wrapping, int window_bits = 15, Rest rest = Rest::refused);

    // Takes input from the front of `in` and writes its output into `out`, until either is used up or the stream has
    // ended. Bytes after the end are not taken, unless they are the next member of gzip. If `out` is full there may be
    // more output, even if `in` is empty.
    // Returns: how many bytes it wrote into `out`. Throws: ProtocolError (malformed), at every further call too.
    std::size_t inflate(Bytes& in, Buffer out);

    // Whether the input so far is a whole stream. Input that ends before that was cut short.
    bool ended() const noexcept { return ended_; }

    // Whether the input so far ends where a block does, as a message of RFC 7692 must.
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
    bool members_ = false;  // the stream is gzip
    bool begun_ = false;
    bool ended_ = false;
};

}  // namespace tendril::http::detail
