// SPDX-License-Identifier: MIT

#include "http/server/response_writer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include <tendril/detail/base/check.hpp>
#include <tendril/file.hpp>
#include <tendril/shield.hpp>

#include "base/report.hpp"
#include "http/message/chars.hpp"
#include "http/message/date_line.hpp"
#include "hub/here.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::size_t copied = std::size_t{16} * 1024;    // pieces up to this size are copied behind what goes before
constexpr std::size_t at_once = std::size_t{256} * 1024;  // how much must be sent within one write_timeout
// 205 has a body whose length is 0: RFC 9110, 15.3.6.
constexpr bool may_have_content(int status) noexcept {
    return may_have_body(status) && status != 205;
}

// Whether reading the file failed, rather than sending to the client.
bool is_of_file(const std::system_error& e) noexcept {
    switch (e.code().value()) {
    case EIO:
    case EBADF:
    case EISDIR:
    case EINVAL:
    case ESPIPE:
    case ESTALE:
        return e.code().category() == std::generic_category() || e.code().category() == std::system_category();
    default:
        return false;
    }
}

constexpr std::size_t kept_memory = std::size_t{32} * 1024;

}  // namespace

ResponseWriter::State ResponseWriter::transition(State to) noexcept {
    constexpr auto bit = [](State state) { return 1U << static_cast<unsigned>(state); };
    constexpr unsigned before_head = bit(State::fresh) | bit(State::collecting);
    constexpr std::array<unsigned, 7> followers{
        before_head | bit(State::open) | bit(State::broken),                         // fresh
        before_head | bit(State::open) | bit(State::broken) | bit(State::upgraded),  // collecting
        bit(State::ended) | bit(State::broken) | bit(State::cut_short),              // open
        0,                                                                           // ended
        0,                                                                           // upgraded
        before_head | bit(State::open),                                              // broken
        0,                                                                           // cut_short
    };
    TENDRIL_ASSERT((followers[static_cast<std::size_t>(state_)] & bit(to)) != 0);
    return std::exchange(state_, to);
}

void ResponseWriter::begin(ResponseSide& side, Stream& stream, const ServerOptions& options, const Asked& asked) {
    side_ = &side;
    stream_ = &stream;
    options_ = &options;
    asked_ = asked;
    asked_.version = std::min(asked.version, options.max_version);
    state_ = State::fresh;
    thrown_ = nullptr;
    closes_ = false;
    continued_ = false;
    whole_ = false;
    status_ = 200;
    count_ = 0;
    coalesce_ = options.write_coalesce;
    if (!reason_.empty()) {
        reason_.clear();
    }
    if (!headers_.empty()) {
        headers_.clear();
    }
    out_.clear();
    pending_.clear();
    coding_.end();
}

void ResponseWriter::misuse(const char* what) {
    throw std::logic_error(std::string("a response: ") + what);
}

void ResponseWriter::require_open() {
    if (state_ == State::ended) {
        throw std::logic_error("a response: it has been sent whole, so nothing more can be written");
    }
    if (state_ == State::upgraded) {
        throw std::logic_error("a response: the connection was upgraded: write to its stream");
    }
    if (state_ == State::broken) {  // noted in thrown_, as this is still the client's doing
        thrown_ = std::make_exception_ptr(std::logic_error("a response: sending it has already failed"));
        std::rethrow_exception(thrown_);
    }
    if (state_ == State::cut_short) {
        throw std::logic_error("a response: it has ended before its Content-Length");
    }
}

void ResponseWriter::status(int status, std::string_view reason) {
    if (has_begun()) {
        misuse("status() after it has begun");
    }
    if (status < 200 || status > 599) {
        throw std::invalid_argument("a response's status is 200 to 599, not " + std::to_string(status) +
                                    "; for 1xx there are send_interim() and upgrade()");
    }
    if (!is_field_text(reason)) {
        throw std::invalid_argument("a control character (a line's end?) in a response's reason");
    }
    status_ = status;
    reason_ = reason;
}

Headers& ResponseWriter::headers() {
    if (has_begun()) {
        misuse("headers() after it has begun");
    }
    return headers_;
}

// --- the body

void ResponseWriter::count(std::uint64_t n) {
    if (n > 0 && !may_have_content(status_)) {
        misuse("a body with a status that allows none");
    }
    const std::optional<std::uint64_t> most = state_ == State::open && mode_ == Mode::length
                                                  ? std::optional(length_)
                                                  : (state_ == State::open ? std::nullopt : said_length());
    if (most.has_value() && n > *most - std::min(count_, *most)) {
        misuse("more was written than its Content-Length");
    }
    count_ += n;
}

void ResponseWriter::send_whole(Bytes body, std::string_view type) {
    require_open();
    if (state_ != State::fresh) {
        misuse("send() sends the whole body, but some of it has been written: use write()");
    }
    if (!body.empty() && !may_have_content(status_)) {
        misuse("a body with a status that allows none");
    }
    if (!headers_.empty() && said_length().value_or(body.size()) != body.size()) {
        misuse("the length of its body differs from its Content-Length");
    }
    count_ = body.size();
    if (options_->compression.has_value() && code_whole(body, type)) {
        ContentCoding::mark(headers_);
    }
    make_head(body.size(), type);
    transmit(mode_ == Mode::none ? Bytes() : body);
    transition(State::ended);
}

void ResponseWriter::write(Bytes piece) {
    require_open();
    count(piece.size());
    if (state_ == State::fresh) {
        transition(State::collecting);
    }
    if (pending_.size() + piece.size() < std::max<std::size_t>(coalesce_, 1)) {
        pending_.append_bytes(piece);
        return;
    }
    if (state_ == State::collecting) {
        begin_body(said_length());
    }
    emit(piece, coalesce_ == 0);
}

// Makes the head for a body that is sent in pieces.
void ResponseWriter::begin_body(std::optional<std::uint64_t> length) {
    if (wants_coding({})) {
        coding_.begin(options_->compression->level);
        ContentCoding::mark(headers_);
        length = std::nullopt;
    }
    make_head(length, {});
}

bool ResponseWriter::wants_coding(std::string_view type) {
    return options_->compression.has_value() && asked_.headers != nullptr &&
           ContentCoding::wanted(*options_->compression, *asked_.headers, headers_, status_, type);
}

// Compresses a whole body. Returns: whether that made it smaller; `body` is then the compressed one, which stays valid
// until the end of the response.
bool ResponseWriter::code_whole(Bytes& body, std::string_view type) {
    if (body.size() < options_->compression->min_size || !wants_coding(type)) {
        return false;
    }
    coding_.begin(options_->compression->level);
    const Bytes coded = coding_.finish(body);
    const bool better = coded.size() < body.size();
    body = better ? coded : body;
    return better;
}

void ResponseWriter::flush() {
    require_open();
    if (state_ != State::open) {
        transition(State::collecting);
        begin_body(said_length());
    }
    emit({}, true);
}

// Emits the pending bytes and `piece`: as one chunk when chunked, compressed when compression is on.
void ResponseWriter::emit(Bytes piece, bool flush) {
    if (!coding_.is_on()) {
        emit_chunk(piece);
        return;
    }
    if (mode_ != Mode::none) {
        pending_.append_bytes(piece);
        const std::string_view coded = coding_.code(pending_.bytes(), flush);
        pending_.clear();
        if (!coded.empty()) {
            emit_chunk(coded);
            return;
        }
    }
    pending_.clear();
    transmit({});
}

void ResponseWriter::emit_chunk(Bytes piece) {
    const std::size_t size = pending_.size() + piece.size();
    if (mode_ == Mode::none) {
        pending_.clear();
        piece = {};
    } else if (mode_ == Mode::chunked && size > 0) {
        out_.append_number(size, 16).append("\r\n");
    }
    out_.append_bytes(pending_.bytes());
    pending_.clear();
    const bool ends_chunk = mode_ == Mode::chunked && size > 0;
    if (piece.size() <= copied) {
        out_.append_bytes(piece);
        out_.append(ends_chunk ? "\r\n" : "");
        transmit({});
    } else {
        transmit(piece);
        out_.append(ends_chunk ? "\r\n" : "");  // sent with the next piece
    }
}

void ResponseWriter::refuse_length(std::uint64_t said) const {
    throw std::logic_error("a response: " + std::to_string(count_) + " bytes were written of the " +
                           std::to_string(said) + " that its Content-Length says");
}

void ResponseWriter::end(const Headers* trailers) {
    if (state_ == State::ended) {
        return;
    }
    require_open();
    const bool with_trailers = trailers != nullptr && !trailers->empty();
    if (state_ != State::open) {
        end_collected(with_trailers);
    }
    if (mode_ == Mode::length && count_ != length_ && !whole_) {
        transition(State::cut_short);
        refuse_length(length_);
    }
    if (coding_.is_on()) {
        const std::string_view last = coding_.finish(pending_.bytes());
        pending_.clear();
        pending_.append(last);
    }
    if (mode_ == Mode::chunked) {
        if (!pending_.empty()) {
            out_.append_number(pending_.size(), 16).append("\r\n").append_bytes(pending_.bytes()).append("\r\n");
        }
        out_.append("0\r\n");
        if (with_trailers) {
            for (const Headers::Field field : *trailers) {
                append_field(field.name, field.value);
            }
        }
        out_.append("\r\n");
    } else if (mode_ != Mode::none) {
        out_.append_bytes(pending_.bytes());
    }
    pending_.clear();
    transmit({});
    transition(State::ended);
}

// Makes the head when the response ends before a head was needed: the body is complete in `pending_`, or there is none.
void ResponseWriter::end_collected(bool with_trailers) {
    const std::optional<std::uint64_t> said = said_length();
    if (with_trailers && asked_.version == Version::http_1_1 && !said.has_value()) {
        begin_body(std::nullopt);
        return;
    }
    if (asked_.head && state_ == State::fresh && said.has_value()) {
        count_ = *said;  // HEAD, and the handler says how long the body would be
    }
    if (said.value_or(count_) != count_ && !asked_.head && may_have_body(status_)) {
        refuse_length(*said);  // nothing has been sent: it can be answered with 500
    }
    if (said.value_or(count_) == count_ && options_->compression.has_value()) {
        Bytes body = pending_.bytes();
        if (code_whole(body, {})) {
            ContentCoding::mark(headers_);
            pending_.clear();
            pending_.append_bytes(body);
            whole_ = true;
            make_head(pending_.size(), {});
            return;
        }
    }
    make_head(said.value_or(count_), {});
}

void ResponseWriter::replace(int status, Bytes body, const Headers* headers) {
    transition(State::fresh);
    status_ = status;
    reason_.clear();
    if (headers != nullptr) {
        headers_ = *headers;
        headers_.remove("Content-Length");
    } else {
        headers_.clear();
        headers_.set("Connection", "close");
    }
    if (!body.empty() && !headers_.contains("Content-Type")) {
        headers_.set("X-Content-Type-Options", "nosniff");
    }
    whole_ = false;
    coding_.end();
    out_.clear();
    pending_.clear();
    count_ = 0;
    send_whole(body, "text/plain; charset=utf-8");
}

// Sends what is ready, then the piece. After an error it is unknown how much the client got, so the response is broken.
void ResponseWriter::transmit(Bytes piece) {
    if (out_.empty() && piece.empty()) {
        return;
    }
    const State before = transition(State::broken);
    try {
        transmit_parts(piece);
    } catch (const std::system_error&) {
        thrown_ = std::current_exception();
        throw;
    }
    out_.clear();
    transition(before);
}

void ResponseWriter::transmit_parts(Bytes piece) {
    const auto deadline = [&] {
        // The hub's own clock is at most a millisecond old, unless the handler has blocked the hub. Asking the system
        // would cost a hundredth of a small request.
        sent_ns_ = tendril::detail::here::clock_ns();
        return Deadline::after(sent_ns_, options_->write_timeout);
    };
    if (!piece.empty() && piece.size() <= copied) {
        out_.append_bytes(piece);
        piece = {};
    }
    Bytes first = out_.bytes();
    while (first.size() > at_once) {
        first = first.after(stream_->send({first.data(), at_once}, deadline()));
    }
    if (piece.empty()) {
        stream_->send_all(first, deadline());
    } else {
        const std::size_t with_head = std::min(piece.size(), at_once);
        stream_->send_parts(std::array{first, Bytes(piece.data(), with_head)}, deadline());
        for (Bytes rest = piece.after(with_head); !rest.empty();) {
            rest = rest.after(stream_->send({rest.data(), std::min(rest.size(), at_once)}, deadline()));
        }
    }
}

void ResponseWriter::send_whole_file(const File& file, std::uint64_t offset, std::uint64_t size,
                                     std::string_view type) {
    require_open();
    if (state_ != State::fresh) {
        misuse("send_file() sends the whole body, but some of it has been written: use write_file()");
    }
    if (said_length().value_or(size) != size) {
        misuse("the length of its file differs from its Content-Length");
    }
    if (size > 0 && !may_have_content(status_)) {
        misuse("a body with a status that allows none");
    }
    make_head(size, type.empty() ? std::string_view("application/octet-stream") : type);
    write_file(file, offset, size);
    end(nullptr);
}

void ResponseWriter::write_file(const File& file, std::uint64_t offset, std::uint64_t size) {
    require_open();
    count(size);
    if (size == 0) {
        return;
    }
    if (state_ != State::open) {
        transition(State::collecting);
        make_head(said_length(), {});
    }
    if (mode_ == Mode::none) {
        transmit({});
        return;
    }
    if (mode_ == Mode::chunked) {
        emit({});
        out_.append_number(size, 16);
        out_.append("\r\n");
    } else {
        out_.append_bytes(pending_.bytes());
        pending_.clear();
    }
    transmit({});
    const State before = transition(State::broken);
    try {
        transmit_file(file, offset, size);
    } catch (const std::system_error& e) {
        thrown_ = is_of_file(e) ? nullptr : std::current_exception();
        throw;
    }
    transition(before);
    out_.append(mode_ == Mode::chunked ? "\r\n" : "");
}

void ResponseWriter::transmit_file(const File& file, std::uint64_t offset, std::uint64_t size) {
    for (std::uint64_t done = 0; done < size;) {
        const std::uint64_t n = stream_->send_file(file, offset + done, std::min<std::uint64_t>(size - done, at_once),
                                                   options_->write_timeout);
        if (n == 0) {
            misuse("a file ended before the part of it to be sent did");
        }
        done += n;
    }
}

std::size_t ResponseWriter::send(Bytes bytes, Deadline deadline) {
    static_cast<void>(deadline);  // the server's write_timeout applies instead
    write(bytes);
    return bytes.size();
}

std::uint64_t ResponseWriter::send_file(const File& file, std::uint64_t offset, std::uint64_t size, Deadline deadline) {
    static_cast<void>(deadline);
    write_file(file, offset, size);
    return size;
}

// Calls the hooks. A kill that comes while a hook waits is thrown at the connection's next wait.
void ResponseWriter::complete(bool sent) noexcept {
    if (hooks_.empty()) [[likely]] {
        return;
    }
    const Shield shield;
    for (const std::function<void(bool)>& hook : hooks_) {
        try {
            hook(sent);
        } catch (...) {
            tendril::detail::report("a response's on_complete()", std::current_exception());
        }
    }
    hooks_.clear();
}

void ResponseWriter::trim() noexcept {
    out_.trim(kept_memory);
    pending_.trim(kept_memory);
    coding_.trim(kept_memory);
}

}  // namespace tendril::http::detail
