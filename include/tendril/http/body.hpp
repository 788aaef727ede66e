// SPDX-License-Identifier: MIT
// Floor: http
//
// Body: the body of a request or a response, as a Source. It is read as it comes, straight into the caller's buffer;
// nothing is stored. Valid as long as its Request or response.

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
    // Waits for data, as Source::recv(); for no longer than the server's (or client's) time limits for bodies, whatever
    // the deadline. If the client waits for it, the first call sends "100 Continue", unless a response has begun.
    // Returns: how many bytes came, at least 1; 0 at the end (or for an empty buffer).
    // Throws: TimeoutError, at the caller's deadline, and Interrupt: nothing was read, and the next call goes on.
    // ProtocolError: 400, the chunks are malformed or the connection ended before the body did; 408, a time limit of
    // the server's (body_timeout, body_deadline) came first; 413, it is longer than ServerOptions::max_body. For the
    // body of a response all have status 502. std::system_error: the connection failed. After these two nothing more
    // can be read: later calls throw std::system_error (ECANCELED), and the connection ends after this message.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;

    // Reads the rest of the body. Memory grows with the bytes that have arrived, not with the stated length.
    // Throws: ProtocolError (too_large, 413) for more than `most` bytes, as soon as that is known; as recv(). Whatever
    // it throws, the bytes that it has read are lost.
    std::string read_all(std::size_t most = std::size_t{16} * 1024 * 1024, Deadline deadline = never);

    // Returns: the length of the whole body: 0 if there is none; nothing if the sender has not stated it.
    std::optional<std::uint64_t> length() const noexcept;

    bool ended() const noexcept;               // whether all of it has been read, or there is none
    const Headers& trailers() const noexcept;  // fields that followed a chunked body; empty until it has ended

    // See Source::time_out(). Notes that the sender of this body was too slow, not the handler.
    [[noreturn]] void time_out(const TimeoutError& error) override;
    void close() noexcept override;          // refuses further reads: the connection ends after this message
    bool is_open() const noexcept override;  // false after close(), or once reading has failed

private:
    friend class detail::BodyReader;
    explicit Body(detail::BodyReader& reader) noexcept : reader_(&reader) {}
    detail::BodyReader* reader_;
};

}  // namespace tendril::http
