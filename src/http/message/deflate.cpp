// SPDX-License-Identifier: MIT

#include "http/message/deflate.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>

#include <zlib.h>

#include <tendril/http/message.hpp>

namespace tendril::http::detail {

namespace {

// The windowBits argument of zlib's ...Init2().
int zlib_bits(Wrapping wrapping, int window_bits) noexcept {
    switch (wrapping) {
    case Wrapping::raw:
        return -window_bits;
    case Wrapping::gzip:
        return window_bits + 16;
    default:
        return window_bits;
    }
}

void check(Wrapping wrapping, int window_bits, bool inflates) {
    if (window_bits < 8 || window_bits > 15) {
        throw std::invalid_argument("deflate: window_bits must be 8 to 15");
    }
    if ((wrapping == Wrapping::gzip_or_zlib || wrapping == Wrapping::any) && !inflates) {
        throw std::invalid_argument("a Deflater needs one wrapping: raw, zlib or gzip");
    }
}

void set_input(z_stream& stream, Bytes in) noexcept {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));  // zlib does not write there
    stream.avail_in = static_cast<uInt>(std::min<std::size_t>(in.size(), std::numeric_limits<uInt>::max()));
}

void set_output(z_stream& stream, Buffer out) noexcept {
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size(), std::numeric_limits<uInt>::max()));
}

}  // namespace

void Deflater::End::operator()(z_stream_s* stream) const noexcept {
    ::deflateEnd(stream);
    delete stream;
}

Deflater::Deflater(Wrapping wrapping, int level, int window_bits)
    : wrapping_(wrapping), level_(static_cast<std::int8_t>(level)),
      // zlib does not support a raw stream with 8 bits. With 9 it refers back 250 bytes at most, which is less than
      // 256.
      window_bits_(static_cast<std::int8_t>(std::max(window_bits, 9))) {
    check(wrapping, window_bits, false);
    if (level < 0 || level > 9) {
        throw std::invalid_argument("deflate: level must be 0 to 9");
    }
}

void Deflater::run(Bytes in, std::string& out, int flush) {
    if (stream_ == nullptr) {
        auto stream = std::make_unique<z_stream>();
        if (::deflateInit2(stream.get(), level_, Z_DEFLATED, zlib_bits(wrapping_, window_bits_), 8,
                           Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc();
        }
        stream_.reset(stream.release());
    }
    for (;;) {
        constexpr std::size_t least = 64;
        constexpr std::size_t most = 64 * 1024;
        set_input(*stream_, in);
        const std::size_t given = stream_->avail_in;
        const std::size_t before = out.size();
        out.resize(before + std::clamp(in.size() / 2, least, most));
        set_output(*stream_, {out.data() + before, out.size() - before});
        const int result = ::deflate(stream_.get(), given == in.size() ? flush : Z_NO_FLUSH);
        const bool full = stream_->avail_out == 0;
        out.resize(out.size() - stream_->avail_out);
        in = in.after(given - stream_->avail_in);
        if (result == Z_STREAM_ERROR) {
            throw std::logic_error("a Deflater was written to after finish(): call reset() first");
        }
        if (in.empty() && !full) {
            return;
        }
    }
}

void Deflater::write(Bytes in, std::string& out) {
    if (!in.empty()) {
        run(in, out, Z_NO_FLUSH);
    }
}

void Deflater::flush(std::string& out) {
    run({}, out, Z_SYNC_FLUSH);
}

void Deflater::finish(std::string& out) {
    run({}, out, Z_FINISH);
}

void Deflater::reset() {
    if (stream_ != nullptr) {
        ::deflateReset(stream_.get());
    }
}

void Deflater::release() noexcept {
    stream_.reset();
}

void Inflater::End::operator()(z_stream_s* stream) const noexcept {
    ::inflateEnd(stream);
    delete stream;
}

Inflater::Inflater(Wrapping wrapping, int window_bits, Rest rest)
    : wrapping_(wrapping), window_bits_(static_cast<std::int8_t>(window_bits)), rest_(rest) {
    check(wrapping, window_bits, true);
}

namespace {

constexpr std::byte gzip_magic{0x1f};

// Recognizes a stream by its first byte. A raw stream never begins as gzip does (block type 3 does not exist), and
// begins as zlib does only if padding bits are set.
Wrapping wrapping_of(Wrapping wrapping, std::byte first) noexcept {
    constexpr std::byte zlib_deflate{8};
    if (wrapping != Wrapping::gzip_or_zlib && wrapping != Wrapping::any) {
        return wrapping;
    }
    if (first == gzip_magic) {
        return Wrapping::gzip;
    }
    const bool zlib = (first & std::byte{0x0f}) == zlib_deflate && (first & std::byte{0x80}) == std::byte{0};
    return zlib || wrapping == Wrapping::gzip_or_zlib ? Wrapping::zlib : Wrapping::raw;
}

}  // namespace

// Called with the first byte of a stream.
void Inflater::begin(std::byte first) {
    const Wrapping wrapping = wrapping_of(wrapping_, first);
    members_ = wrapping == Wrapping::gzip;
    const int bits = zlib_bits(wrapping, window_bits_);
    if (stream_ == nullptr) {
        auto stream = std::make_unique<z_stream>();
        if (::inflateInit2(stream.get(), bits) != Z_OK) {
            throw std::bad_alloc();
        }
        stream_.reset(stream.release());
    } else if (::inflateReset2(stream_.get(), bits) != Z_OK) {
        throw std::bad_alloc();
    }
    begun_ = true;
}

// Returns: whether to go on.
bool Inflater::step(Bytes& in, Buffer& out) {
    set_input(*stream_, in);
    set_output(*stream_, out);
    const std::size_t given = stream_->avail_in;
    const std::size_t room = stream_->avail_out;
    const int result = ::inflate(stream_.get(), Z_NO_FLUSH);
    in = in.after(given - stream_->avail_in);
    out = out.after(room - stream_->avail_out);
    switch (result) {
    case Z_OK:
        return !out.empty() && !in.empty();
    case Z_STREAM_END:
        ended_ = true;
        return members_;
    case Z_BUF_ERROR:  // no progress was possible
        return false;
    case Z_MEM_ERROR:
        throw std::bad_alloc();
    default:
        throw ProtocolError(Fault::malformed, 400, "compressed data is malformed");
    }
}

bool Inflater::another_member(std::byte first) const noexcept {
    return members_ && (rest_ == Rest::refused || first == gzip_magic);
}

std::size_t Inflater::inflate(Bytes& in, Buffer out) {
    const std::size_t room = out.size();
    for (;;) {
        if (in.empty() ? !begun_ || ended_ : ended_ && !another_member(*in.data())) {
            return room - out.size();
        }
        if (!begun_) {
            begin(*in.data());
        } else if (ended_) {
            ::inflateReset(stream_.get());
            ended_ = false;
        }
        if (!step(in, out)) {
            return room - out.size();
        }
    }
}

bool Inflater::at_block_end() const noexcept {
    constexpr int behind_a_block = 128;  // zlib.h, at inflate()
    return !begun_ || ended_ || (stream_->data_type & behind_a_block) != 0;
}

void Inflater::reset() {
    begun_ = false;
    ended_ = false;
}

void Inflater::release() noexcept {
    stream_.reset();
    begun_ = false;
    ended_ = false;
}

}  // namespace tendril::http::detail
