// SPDX-License-Identifier: MIT
//
// ContentDecoder: a Source over another one whose content is gzip or deflate (RFC 9110, 8.4.1). Holds 8 KiB of it and
// zlib's window, however much comes out.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include <tendril/deadline.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/stream.hpp>

#include "http/deflate.hpp"

namespace tendril::http::detail {

// Is this body coded in a way, and only one, that we decode?
bool is_decodable(const Headers& headers);

class ContentDecoder {
public:
    using Read = std::function<std::size_t(Buffer, Deadline)>;  // as Source::recv()

    explicit ContentDecoder(Read read) : read_(std::move(read)), coded_(new std::byte[coded_size]) {}

    // As Source::recv(). Throws: ProtocolError, what comes is no such coding, or ends too soon; what reading throws,
    // and nothing is lost then.
    std::size_t recv(Buffer buffer, Deadline deadline);
    bool ended() const noexcept { return at_end_; }

private:
    static constexpr std::size_t coded_size = 8192;

    Read read_;
    std::unique_ptr<std::byte[]> coded_;
    Bytes rest_;  // of it, not inflated yet
    Inflater inflater_{Wrapping::gzip_or_zlib};
    bool any_ = false;  // an empty body may be called gzip, and is empty
    bool at_end_ = false;
};

}  // namespace tendril::http::detail
