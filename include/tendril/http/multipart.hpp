// SPDX-License-Identifier: MIT
// Floor: http
//
// MultipartReader: the parts of a multipart body, one after the other as they come, such as the files of a form that is
// uploaded (multipart/form-data, RFC 7578). Nothing but one buffer is held, however large they are.
//
//     MultipartReader parts(request.body(), request.header("Content-Type"));
//     while (auto part = parts.next()) {
//         if (part->filename()) part->save_in("/srv/uploads", 100 << 20);
//         else fields[part->name()] = part->read_all();
//     }
//
// One green thread at a time. All calls may wait, for the source's own time limits too, and throw what it throws;
// ProtocolError for what is malformed (400), too large (413) or ends too early (400), after which nothing can be read.
// A call that an Interrupt or a TimeoutError breaks off has lost nothing, unless it says otherwise. Example:
// examples/http_upload.cpp

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

struct MultipartLimits {
    std::size_t max_parts = 1000;
    std::size_t max_header_bytes = std::size_t{16} * 1024;  // of each part
    std::size_t max_preamble = std::size_t{16} * 1024;      // before the first
};

// Good until the next call of next(): then what was not read of it is skipped, and reading it is a std::logic_error.
class Part final : public Source {
public:
    const Headers& headers() const noexcept { return headers_; }

    // Of the field in the form; "" only where the body is not multipart/form-data.
    const std::string& name() const noexcept { return name_; }

    // What the client calls the file, made harmless: without a path, control characters, dots and blanks in front, of
    // at most 200 bytes; percent-encoded characters are decoded. Empty when nothing is left, or no file was chosen.
    // Nothing when the part is no file.
    const std::optional<std::string>& filename() const noexcept { return filename_; }

    // As it was sent; "text/plain" when it was not. Don't trust it.
    const std::string& content_type() const noexcept { return content_type_; }

    std::size_t recv(Buffer buffer, Deadline deadline = never) override;  // 0: the part's end

    // All that is left. Throws: ProtocolError (413) for more than `most`; what was read is lost when it throws.
    std::string read_all(std::size_t most = std::size_t{1024} * 1024, Deadline deadline = never);

    // Writes all that is left into this file, which is made or emptied, in the thread pool. The deadline is for the
    // client: it is asked between the pieces of 64 KiB that are written. Returns: how much it was.
    // Throws: as read_all(); std::system_error, the file; the file is removed then.
    std::uint64_t save(const std::string& path, std::uint64_t most, Deadline deadline = never);

    // Into a new file of this directory, named by filename() (or "upload"), with random digits where there is one of
    // that name already: nothing is overwritten. Returns: its path. Throws: as save().
    std::string save_in(const std::string& directory, std::uint64_t most, Deadline deadline = never);

    [[noreturn]] void time_out(const TimeoutError& error) override;  // the reader's source's
    void close() noexcept override { state_ = nullptr; }
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
    // The source must outlive the reader and its parts. Where it is ClientResponse::body(), what is wrong with it is
    // that server's fault: all ProtocolErrors have the status 502.
    // Throws: ProtocolError: 415, the type is not multipart; 400, it has no good boundary (1 to 70 characters).
    MultipartReader(Source& source, std::string_view content_type, const MultipartLimits& limits = {});

    // The next part, when its headers have come; nothing when there is no more. What follows the last is not read.
    // Broken off, it goes on where it was, but the part before cannot be read any more.
    std::optional<Part> next(Deadline deadline = never);

private:
    std::shared_ptr<detail::MultipartState> state_;
};

}  // namespace tendril::http
