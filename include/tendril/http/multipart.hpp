// SPDX-License-Identifier: MIT
// Floor: http
//
// MultipartReader: reads the parts of a multipart body, one after the other as they come, such as the files of an
// uploaded form (multipart/form-data, RFC 7578). Holds one buffer only, however large the parts are.
//
//     MultipartReader parts(request.body(), request.header("Content-Type"));
//     while (auto part = parts.next()) {
//         if (part->filename()) part->save_in("/srv/uploads", 100 << 20);
//         else fields[part->name()] = part->read_all();
//     }
//
// One green thread at a time. Calls with a deadline yield. They throw what the source throws, by its own time limits
// too; and ProtocolError for a body that is malformed (400), too large (413) or ends too early (400), after which
// nothing more can be read. A call that an Interrupt or a TimeoutError ends has lost nothing, unless it says otherwise.
//
// Example: examples/http_upload.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/http/headers.hpp>
#include <tendril/http/message.hpp>
#include <tendril/stream.hpp>

namespace tendril::http {

namespace detail {
struct MultipartState;
}

// Limits on a body of several parts. More: MultipartError.
struct MultipartLimits {
    std::size_t max_parts = 1000;                           // of parts, at most
    std::size_t max_header_bytes = std::size_t{16} * 1024;  // bytes, for each part
    std::size_t max_preamble = std::size_t{16} * 1024;      // bytes before the first part
};

// One part. Its body can be read until the next call of MultipartReader::next(), which skips the rest of it; after that
// reading throws std::logic_error. What its headers say stays valid.
class Part final : public Source {
public:
    const Headers& headers() const noexcept { return headers_; }  // the part's header fields

    // The name of the field in the form; "" only if the body is not multipart/form-data.
    const std::string& name() const noexcept { return name_; }

    // The client's name for the file, made harmless: without a path, control characters, and leading dots and blanks;
    // at most 200 bytes; percent-encoded characters are decoded. Empty if nothing is left of it, or no file was chosen.
    // Nothing if the part is not a file.
    const std::optional<std::string>& filename() const noexcept { return filename_; }

    // The type that the client states, "text/plain" if it states none. Do not trust it.
    const std::string& content_type() const noexcept { return content_type_; }

    // Waits for data, as Source::recv(). Returns: how many bytes came; 0 at the end of the part.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;

    // Reads the rest of the part. Throws: ProtocolError (413) for more than `most` bytes; as recv(). Whatever it
    // throws, the bytes that it has read are lost.
    std::string read_all(std::size_t most = std::size_t{1024} * 1024, Deadline deadline = never);

    // Writes the rest of the part into this file, which is created or emptied, in the thread pool. The deadline is for
    // the client: it is checked between the pieces of 64 KiB that are written. Returns: how many bytes.
    // Throws: as read_all(); std::system_error: the file. Whatever it throws once the file is open, the file is
    // removed.
    std::uint64_t save(const std::string& path, std::uint64_t most, Deadline deadline = never);

    // The same into a new file in this directory, named by filename() (or "upload"). If there is a file of that name,
    // random digits are added: nothing is overwritten. Returns: the path. Throws: as save().
    std::string save_in(const std::string& directory, std::uint64_t most, Deadline deadline = never);

    // See Source::time_out(): passes the call on to the reader's source.
    [[noreturn]] void time_out(const TimeoutError& error) override;
    void close() noexcept override { state_ = nullptr; }  // later reads throw std::system_error (EBADF)
    bool is_open() const noexcept override { return state_ != nullptr; }

private:
    friend class MultipartReader;
    Part() = default;
    bool of_server() const noexcept;

    std::shared_ptr<detail::MultipartState> state_;
    std::size_t number_ = 0;
    Headers headers_;
    std::string name_;
    std::optional<std::string> filename_;
    std::string content_type_;
};

class MultipartReader {
public:
    // Reads nothing yet. The source must outlive the reader and its parts. If it is a ClientResponse::body(), errors in
    // it are that server's fault: all ProtocolErrors have status 502.
    // Throws: ProtocolError: 415: the type is not multipart; 400: it has no valid boundary (1 to 70 characters).
    MultipartReader(Source& source, std::string_view content_type, const MultipartLimits& limits = {});

    // Skips the rest of the current part, and waits for the headers of the next. What follows the last part is not
    // read.
    // Returns: the part; nothing if there are no more. After an Interrupt or a TimeoutError the next call goes on where
    // this one was, but the part before can no longer be read.
    std::optional<Part> next(Deadline deadline = never);

private:
    std::shared_ptr<detail::MultipartState> state_;
};

}  // namespace tendril::http
