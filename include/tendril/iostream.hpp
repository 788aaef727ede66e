// SPDX-License-Identifier: MIT
// Floor: net
//
// IoStream: a std::iostream over a Stream, a Source or a Sink, for code that is written for those.
//
//     IoStream io(socket);
//     io << "HELO " << name << "\r\n" << std::flush;
//     std::getline(io, line);
//
// Errors, timeouts and kills are thrown as they are: the stream's exceptions() has badbit set. Without it the standard
// streams swallow them all, a kill too; leave it set. Destroying it does not flush: that would wait. One green thread
// at a time.

#pragma once

#include <array>
#include <iostream>
#include <streambuf>

#include <tendril/stream.hpp>

namespace tendril {

class StreamBuf final : public std::streambuf {
public:
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
struct HasStreamBuf {  // made before the iostream that needs it
    StreamBuf buffer;
};
}  // namespace detail

class IoStream : private detail::HasStreamBuf, public std::iostream {
public:
    explicit IoStream(Stream& stream) : IoStream(&stream, &stream) {}
    explicit IoStream(Source& source) : IoStream(&source, nullptr) {}
    explicit IoStream(Sink& sink) : IoStream(nullptr, &sink) {}

private:
    IoStream(Source* source, Sink* sink) : HasStreamBuf{{source, sink}}, std::iostream(&buffer) { exceptions(badbit); }
};

}  // namespace tendril
