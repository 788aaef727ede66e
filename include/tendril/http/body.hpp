// SPDX-License-Identifier: MIT
// Floor: http
//
// Body: what a request or a response carries, as a Source. It is read as it comes, straight into the caller's buffer;
// nothing is held.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <tendril/stream.hpp>

namespace tendril::http {

class Headers;

namespace detail {
class BodyReader;
}

class Body final : public Source {
public:
    // Waits for some of it; for no longer than the server's (or client's) time limit for bodies, whatever the deadline.
    // The first read of a request that expects it sends "100 Continue". As Source::recv(), and
    // throws: ProtocolError: the chunks are malformed, or the connection ended before the body did.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;

    // All that is left. Throws: ProtocolError (too_large, 413) for more than `most`, as soon as that is known.
    std::string read_all(std::size_t most = std::size_t{16} * 1024 * 1024, Deadline deadline = never);

    // How long it is as a whole, where that was said: 0 when there is none.
    std::optional<std::uint64_t> length() const noexcept;

    bool ended() const noexcept;               // all was read
    const Headers& trailers() const noexcept;  // that came behind it, once it has ended; never mixed with the headers

    [[noreturn]] void time_out(const TimeoutError& error) override;
    void close() noexcept override;  // nothing more of it is read, and the connection ends after this message
    bool is_open() const noexcept override;

private:
    friend class detail::BodyReader;
    explicit Body(detail::BodyReader& reader) noexcept : reader_(&reader) {}
    detail::BodyReader* reader_;
};

}  // namespace tendril::http
