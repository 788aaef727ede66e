// SPDX-License-Identifier: MIT

#include <tendril/http/multipart.hpp>

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <tendril/error.hpp>
#include <tendril/file.hpp>
#include <tendril/http/media_type.hpp>
#include <tendril/shield.hpp>
#include <tendril/thread_pool.hpp>

#include "base/sys.hpp"
#include "http/message/disposition.hpp"
#include "http/message/multipart_parser.hpp"
#include "http/message/rounds.hpp"
#include "http/message/upstream_error.hpp"

namespace tendril::http {

namespace {

// Calls f(), which reads a multipart body. What f() refuses of a server's body is reported as the server's fault, not a
// client's.
template <class F>
decltype(auto) judged(bool of_server, F&& f) {
    if (of_server) {
        return detail::blame_server(f);
    }
    return f();
}

}  // namespace

namespace detail {

namespace {

constexpr std::size_t buffer_size = std::size_t{16} * 1024;

bool is_of_server(Source& source) noexcept {
    return dynamic_cast<FromServer*>(&source) != nullptr;
}

}  // namespace

struct MultipartState {
    MultipartState(Source& from, std::string_view content_type, const MultipartLimits& limits)
        : source(from), of_server(is_of_server(from)), parser(multipart_boundary(content_type), limits),
          is_form(MediaType::parse(content_type)->subtype == "form-data") {}

    // Returns: the next event other than `more`.
    MultipartParser::Step step(Deadline deadline) {
        if (failed.has_value()) {
            throw ProtocolError(*failed);
        }
        try {
            return judged(of_server, [&] { return next_step(deadline); });
        } catch (const ProtocolError& e) {
            failed = e;
            throw;
        }
    }

    MultipartParser::Step next_step(Deadline deadline) {
        for (Rounds rounds(deadline);;) {
            const MultipartParser::Step done = parser.next(std::string_view(buffer).substr(begin, end - begin));
            begin += done.consumed;
            if (done.event != MultipartParser::Event::more) {
                return done;
            }
            if (begin == end) {
                if (rounds.over()) {
                    source.time_out(TimeoutError("reading a multipart body"));
                }
                fill(deadline);
            }
        }
    }

    void fill(Deadline deadline) {
        buffer.resize(buffer_size);
        const std::size_t n = source.recv(buffer, deadline);
        if (n == 0) {
            throw ProtocolError(Fault::incomplete, 400, "a multipart body ended before its last delimiter");
        }
        begin = 0;
        end = n;
    }

    Source& source;
    const bool of_server;
    MultipartParser parser;
    bool is_form;
    std::string buffer;  // the bytes from `begin` to `end` have not been parsed
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string_view pending;  // data of the part that is not read yet: in the buffer, or in the parser
    std::size_t number = 0;    // of the part that may be read now
    bool in_part = false;
    std::optional<ProtocolError> failed;
};

}  // namespace detail

namespace {

constexpr std::size_t block_size = std::size_t{64} * 1024;

[[noreturn]] void too_large() {
    throw ProtocolError(Fault::too_large, 413, "a part of a multipart body is too large");
}

// Copies all of the source; every block except the last is full. The deadline is the sender's: what has arrived is
// written, however long that takes.
std::uint64_t copy(Source& from, File& to, std::uint64_t most, Deadline deadline) {
    std::string block(block_size, '\0');
    std::uint64_t total = 0;
    detail::Rounds rounds(deadline);
    while (const std::size_t n = from.recv_exactly(block, deadline)) {
        total += n;
        if (total > most) {
            too_large();
        }
        if (rounds.over()) {
            from.time_out(TimeoutError("saving a part of a multipart body"));
        }
        to.send_all({block.data(), n});
        if (n < block.size()) {
            break;
        }
    }
    return total;
}

// A kill or a timeout must not interrupt the opening: the caller could not know whether the file now exists.
File open_shielded(const std::string& path, FileMode mode) {
    const Shield whole;
    return File::open(path, mode);
}

// Removes the file; leaves it if there is no thread to remove it in.
void remove(const std::string& path) {
    try {
        offload([path] { sys::unlink(path); });
    } catch (const std::system_error&) {
    }
}

std::uint64_t save_to(Source& from, File file, const std::string& path, std::uint64_t most, Deadline deadline) {
    try {
        return copy(from, file, most, deadline);
    } catch (...) {
        const Shield whole;
        remove(path);
        throw;
    }
}

// "photo.jpg" becomes "photo-5f3a09c1.jpg".
std::string with_digits(const std::string& name) {
    std::array<unsigned char, 4> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
        throw std::runtime_error("no random numbers for the name of a file");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string suffix = "-";
    for (const unsigned char each : random) {
        suffix.append({digits[each >> 4U], digits[each & 15U]});
    }
    std::string changed = name;
    return changed.insert(std::min(changed.rfind('.'), changed.size()), suffix);
}

// Sets `path` to where the file is in the end.
File open_new(const std::string& directory, const std::string& name, std::string& path) {
    for (int tries = 0;; ++tries) {
        try {
            return open_shielded(path, FileMode::create);
        } catch (const std::system_error& e) {
            if (e.code() != std::errc::file_exists || tries == 10) {
                throw;
            }
        }
        path = directory + "/" + with_digits(name);
    }
}

// Returns: false if there are no more parts.
bool skip_to_part(detail::MultipartState& state, Deadline deadline) {
    for (detail::Rounds rounds(deadline);;) {
        if (rounds.over()) {
            state.source.time_out(TimeoutError("skipping a part of a multipart body"));
        }
        const auto step = state.step(deadline);
        state.in_part = step.event == detail::MultipartParser::Event::data;
        if (step.event == detail::MultipartParser::Event::end || step.event == detail::MultipartParser::Event::part) {
            return step.event == detail::MultipartParser::Event::part;
        }
    }
}

}  // namespace

std::size_t Part::recv(Buffer buffer, Deadline deadline) {
    if (state_ == nullptr) {
        throw std::system_error(EBADF, std::system_category(), "a part of a multipart body is closed");
    }
    detail::MultipartState& state = *state_;
    if (number_ != state.number) {
        throw std::logic_error("this part was skipped by MultipartReader::next(): read it before calling next()");
    }
    if (buffer.empty()) {
        return 0;
    }
    while (state.pending.empty()) {
        if (!state.in_part) {
            return 0;
        }
        const auto step = state.step(deadline);
        state.in_part = step.event == detail::MultipartParser::Event::data;
        state.pending = step.data;
    }
    const std::size_t n = std::min(buffer.size(), state.pending.size());
    std::memcpy(buffer.data(), state.pending.data(), n);
    state.pending.remove_prefix(n);
    return n;
}

void Part::time_out(const TimeoutError& error) {
    if (state_ != nullptr) {
        state_->source.time_out(error);
    }
    Source::time_out(error);
}

std::string Part::read_all(std::size_t most, Deadline deadline) {
    std::string all;
    std::string block(std::min(most, detail::buffer_size) + 1, '\0');
    detail::Rounds rounds(deadline);
    const bool answered = of_server();
    while (const std::size_t n = recv(block, deadline)) {
        if (rounds.over()) {
            time_out(TimeoutError("read_all of a part of a multipart body"));
        }
        if (n > most - all.size()) {
            judged(answered, too_large);
        }
        all.append(block, 0, n);
    }
    return all;
}

bool Part::of_server() const noexcept {
    return state_ != nullptr && state_->of_server;
}

std::uint64_t Part::save(const std::string& path, std::uint64_t most, Deadline deadline) {
    return judged(of_server(),
                  [&] { return save_to(*this, open_shielded(path, FileMode::write), path, most, deadline); });
}

std::string Part::save_in(const std::string& directory, std::uint64_t most, Deadline deadline) {
    const std::string name = filename_.has_value() && !filename_->empty() ? *filename_ : "upload";
    std::string path = directory + "/" + name;
    judged(of_server(), [&] { return save_to(*this, open_new(directory, name, path), path, most, deadline); });
    return path;
}

MultipartReader::MultipartReader(Source& source, std::string_view content_type, const MultipartLimits& limits)
    : state_(judged(detail::is_of_server(source),
                    [&] { return std::make_shared<detail::MultipartState>(source, content_type, limits); })) {}

std::optional<Part> MultipartReader::next(Deadline deadline) {
    detail::MultipartState& state = *state_;
    ++state.number;  // the previous part can no longer be read
    state.pending = {};
    if (!skip_to_part(state, deadline)) {
        return std::nullopt;
    }
    Part part;
    part.state_ = state_;
    part.number_ = state.number;
    part.headers_ = Headers(state.parser.headers());
    if (state.is_form) {
        try {
            detail::Disposition said = judged(
                state.of_server, [&] { return detail::parse_disposition(part.headers_.get("Content-Disposition")); });
            part.name_ = std::move(said.name);
            part.filename_ = std::move(said.filename);
        } catch (const ProtocolError& e) {
            state.failed = e;
            throw;
        }
    }
    const std::string_view type = part.headers_.get("Content-Type");
    part.content_type_ = type.empty() ? "text/plain" : type;
    state.in_part = true;
    return part;
}

}  // namespace tendril::http
