// SPDX-License-Identifier: MIT
//
// ContentDecoder: a Source over another one whose content is gzip or deflate (RFC 9110, 8.4.1). Holds 8 KiB of it and
// zlib's window, however much comes out. Lenient, as the clients that servers are tried with: takes "deflate" without
// its zlib wrapper, and passes over what follows the content (docs/design/0013).

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

// How a body is coded. Returns: nothing where it is not, or in a way, or in several, that we do not decode.
std::optional<Wrapping> coding_of(const Headers& headers);

class ContentDecoder {
public:
    using Read = std::function<std::size_t(Buffer, Deadline)>;  // as Source::recv()

    ContentDecoder(Wrapping wrapping, Read read)
        : read_(std::move(read)), coded_(new std::byte[coded_size]), inflater_(wrapping, 15, Inflater::Rest::left) {}

    // As Source::recv(). Throws: ProtocolError, what comes is no such coding, or ends too soon; what reading throws,
    // and nothing is lost then.
    std::size_t recv(Buffer buffer, Deadline deadline);
    bool ended() const noexcept { return at_end_; }

private:
    static constexpr std::size_t coded_size = 8192;
    static constexpr std::size_t most_fruitless = std::size_t{1} << 20;

    Read read_;
    std::unique_ptr<std::byte[]> coded_;
    Bytes rest_;  // of it, not inflated yet
    Inflater inflater_;
    std::size_t fruitless_ = 0;  // bytes of which nothing has come
    bool any_ = false;           // an empty body may be called gzip, and is empty
    bool trailing_ = false;      // the content has ended, and something follows
    bool at_end_ = false;
};

}  // namespace tendril::http::detail
