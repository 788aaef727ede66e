// SPDX-License-Identifier: MIT
// Floor: net
//
// IoStream: a std::iostream over a Stream, a Source or a Sink, for code that expects standard streams.
//
//     IoStream io(socket);
//     io << "HELO " << name << "\r\n" << std::flush;
//     std::getline(io, line);
//
// Reading waits, and yields, when the buffer is empty; writing, when it is full or flushed. There is no deadline: use a
// Timeout. Errors, timeouts and kills are thrown as they are, because the stream's exceptions() has badbit set. Leave
// it set: otherwise the standard streams swallow everything, a kill included. The destructor does not flush, since that
// would wait. Use it in one green thread at a time.

#pragma once

#include <array>
#include <iostream>
#include <streambuf>

#include <tendril/stream.hpp>

namespace tendril {

// The buffer under an IoStream, 4096 bytes in each direction. Either pointer may be nullptr: reading then finds the
// end, or writing fails. Both outlive the buffer.
class StreamBuf final : public std::streambuf {
public:
    // Of a Source or a Sink, or of both; null: it cannot read, or not write.
    StreamBuf(Source* source, Sink* sink) noexcept : source_(source), sink_(sink) {
        setp(out_.data(), out_.data() + out_.size());
    }

protected:
    int_type underflow() override;
    int_type overflow(int_type c) override;
    int sync() override;

private:
    void send_out();
    static constexpr std::size_t size = 4096;
    Source* source_;
    Sink* sink_;
    std::array<char, size> in_;
    std::array<char, size> out_;
};

namespace detail {
struct HasStreamBuf {  // a base, so that it is made before the iostream that needs it
    StreamBuf buffer;
};
}  // namespace detail

class IoStream : private detail::HasStreamBuf, public std::iostream {
public:
    // Reads from, or writes to, an object that outlives the IoStream.
    explicit IoStream(Stream& stream) : IoStream(&stream, &stream) {}
    explicit IoStream(Source& source) : IoStream(&source, nullptr) {}
    explicit IoStream(Sink& sink) : IoStream(nullptr, &sink) {}

private:
    IoStream(Source* source, Sink* sink) : HasStreamBuf{{source, sink}}, std::iostream(&buffer) { exceptions(badbit); }
};

}  // namespace tendril
