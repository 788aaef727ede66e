// SPDX-License-Identifier: MIT

#include <tendril/http/static_files.hpp>

#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tendril/file.hpp>
#include <tendril/http/form.hpp>
#include <tendril/http/media_type.hpp>
#include <tendril/thread_pool.hpp>

#include "http/message/range.hpp"
#include "http/server/static_open.hpp"

namespace tendril::http {

struct StaticFiles::State {
    std::string root;
    StaticOptions options;
};

namespace {

using detail::ByteRange;
using detail::Found;
using detail::FoundKind;
using detail::Verdict;

std::string hex(std::uint64_t number) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    do {
        text.insert(text.begin(), digits[number & 15U]);
        number >>= 4U;
    } while (number != 0);
    return text;
}

// Hashes the file's time and size: a client learns nothing about the disk from it, and servers with the same files
// agree.
std::string etag_of(const sys::FileStatus& status) {
    std::uint64_t hash = 14695981039346656037U;  // FNV-1a
    for (std::uint64_t each : {static_cast<std::uint64_t>(status.modified_ns), status.size}) {
        for (int i = 0; i < 8; ++i, each >>= 8U) {
            hash = (hash ^ (each & 255U)) * 1099511628211U;
        }
    }
    return "\"" + hex(hash) + "\"";
}

std::string type_of(const std::string& path, const std::string& charset) {
    std::string type(media_type_for(path));
    if (type.starts_with("text/") && !charset.empty()) {
        type.append("; charset=").append(charset);
    }
    return type;
}

void answer(Response& response, int status) {
    response.send(status, std::string(reason(status)) + "\n", "text/plain");
}

// multipart/byteranges: RFC 9110, 14.6.
void send_ranges(Response& response, const File& file, std::uint64_t size, const std::vector<ByteRange>& ranges,
                 const std::string& type) {
    std::array<unsigned char, 12> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
        throw std::runtime_error("no random numbers for a multipart boundary");
    }
    std::string boundary;
    for (const unsigned char each : random) {
        boundary += hex(each);
    }
    std::vector<std::string> heads;
    std::string before = "--";
    const std::string end = "\r\n--" + boundary + "--\r\n";
    std::uint64_t length = end.size();
    for (const ByteRange& each : ranges) {
        heads.push_back(before + boundary + "\r\nContent-Type: " + type +
                        "\r\nContent-Range: " + detail::content_range(each, size) + "\r\n\r\n");
        length += heads.back().size() + each.size();
        before = "\r\n--";
    }
    response.status(206).set("Content-Type", "multipart/byteranges; boundary=" + boundary);
    response.set("Content-Length", std::to_string(length));
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        response.write(heads[i]);
        response.write_file(file, ranges[i].first, ranges[i].size());
    }
    response.write(end);
    response.end();
}

// Returns: nothing if the file's time is in the future: RFC 9110 forbids a Last-Modified later than the response's
// Date.
std::optional<detail::Time> modified_at(const sys::FileStatus& status) {
    const detail::Time at(std::chrono::nanoseconds(status.modified_ns));
    return at <= std::chrono::system_clock::now() ? std::optional(at) : std::nullopt;
}

void send_found(Request& request, Response& response, Found found, const StaticOptions& options) {
    const std::string etag = etag_of(found.status);
    const detail::Representation there{.etag = etag, .modified = modified_at(found.status), .size = found.status.size};
    std::vector<ByteRange> ranges;
    const Verdict verdict = detail::evaluate(request.method(), request.headers(), there, ranges);
    response.set("ETag", etag);
    if (there.modified.has_value()) {
        response.set("Last-Modified", detail::format_date(*there.modified));
    }
    if (!options.cache_control.empty()) {
        response.set("Cache-Control", options.cache_control);
    }
    if (options.precompressed) {
        response.set("Vary", "Accept-Encoding");
    }
    if (verdict == Verdict::not_modified) {
        response.status(304).send({});
        return;
    }
    if (verdict == Verdict::precondition_failed) {
        answer(response, 412);
        return;
    }
    response.set("Accept-Ranges", "bytes");
    if (verdict == Verdict::unsatisfiable) {
        response.set("Content-Range", detail::unsatisfied_range(there.size));
        answer(response, 416);
        return;
    }
    const std::string type = type_of(found.path, options.charset);
    const File file = File::adopt(std::move(found.file));
    if (found.is_gzip) {
        response.set("Content-Encoding", "gzip");
    }
    if (ranges.size() > 1) {
        send_ranges(response, file, there.size, ranges, type);
    } else if (ranges.size() == 1) {
        response.status(206).set("Content-Range", detail::content_range(ranges[0], there.size));
        response.send_file(file, ranges[0].first, ranges[0].size(), type);
    } else {
        response.send_file(file, 0, there.size, type);
    }
}

}  // namespace

StaticFiles::StaticFiles(std::string root, StaticOptions options) {
    if (!options.prefix.starts_with('/') || !options.prefix.ends_with('/')) {
        throw std::invalid_argument("StaticFiles: the prefix must begin and end with a slash");
    }
    tendril::detail::require_no_nul(root, "StaticFiles: the folder");
    tendril::detail::require_no_nul(options.index, "StaticFiles: the index");
    if (options.index.find('/') != std::string::npos) {
        throw std::invalid_argument("StaticFiles: the index is a file's name, without slashes");
    }
    const Fd folder(sys::open(root, O_PATH | O_DIRECTORY));
    if (!folder.is_open()) {
        throw std::system_error(-folder.get(), std::system_category(), "StaticFiles: the folder \"" + root + "\"");
    }
    state_ = std::make_shared<const State>(State{std::move(root), std::move(options)});
}

void StaticFiles::operator()(Request& request, Response& response) const {
    const StaticOptions& options = state_->options;
    if (request.method() != "GET" && request.method() != "HEAD") {
        response.set("Allow", "GET, HEAD");
        answer(response, 405);
        return;
    }
    auto path = detail::static_path(request.path(), options.prefix, options.hidden);
    if (!path.has_value()) {
        answer(response, 404);
        return;
    }
    const std::string here = options.prefix + percent_encode(path->path, PercentSet::path);
    const std::string shown = options.prefix + path->path + (path->path.empty() ? "" : "/");
    Found found = offload(detail::find_static,
                          detail::Wanted{.root = state_->root,
                                         .path = *std::move(path),
                                         .index = options.index,
                                         .gzip = options.precompressed && accepts_encoding(request.headers(), "gzip"),
                                         .lists = options.listing,
                                         .hidden = options.hidden});
    switch (found.kind) {
    case FoundKind::file:
        send_found(request, response, std::move(found), options);
        return;
    case FoundKind::folder:
        response.send(detail::folder_page(shown, std::move(found.entries)), "text/html; charset=utf-8");
        return;
    case FoundKind::no_slash:
        response.set("Location", here + "/" + (request.query().empty() ? "" : "?") + std::string(request.query()));
        answer(response, 301);
        return;
    case FoundKind::failed:
        const int status = detail::status_of(found.error);
        if (status == 0) {
            throw std::system_error(found.error, std::system_category(), "a static file");
        }
        answer(response, status);
        return;
    }
}

}  // namespace tendril::http
