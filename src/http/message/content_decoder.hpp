// SPDX-License-Identifier: MIT
//
// ContentDecoder: decodes gzip or deflate content (RFC 9110, 8.4.1) as a Source over another one. Holds 8 KiB of input
// and zlib's window, however much it yields. Lenient, as the clients are that servers are tested with: accepts
// "deflate" without its zlib wrapper, and skips bytes after the content (docs/design/0013).

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/http/headers.hpp>
#include <tendril/stream.hpp>

#include "http/message/deflate.hpp"

namespace tendril::http::detail {

// Returns: how a body is coded; nothing if it is not, or if it has a coding, or several, that we do not decode.
std::optional<Wrapping> coding_of(const Headers& headers);

class ContentDecoder {
public:
    using Read = std::function<std::size_t(Buffer, Deadline)>;  // as Source::recv()

    ContentDecoder(Wrapping wrapping, Read read)
        : read_(std::move(read)), coded_(new std::byte[coded_size]), inflater_(wrapping, 15, Inflater::Rest::left) {}

    // As Source::recv(). Throws: ProtocolError if the input does not have this coding or ends too soon; whatever
    // reading throws, and then nothing is lost.
    std::size_t recv(Buffer buffer, Deadline deadline);
    bool ended() const noexcept { return at_end_; }

private:
    static constexpr std::size_t coded_size = 8192;
    static constexpr std::size_t most_fruitless = std::size_t{1} << 20;

    Read read_;
    std::unique_ptr<std::byte[]> coded_;
    Bytes rest_;  // the part of coded_ that has not been inflated yet
    Inflater inflater_;
    std::size_t fruitless_ = 0;  // input bytes since the last output
    bool any_ = false;           // some input has come; an empty body may be called gzip, and is empty
    bool trailing_ = false;      // the content has ended, and more input follows
    bool at_end_ = false;
};

}  // namespace tendril::http::detail
