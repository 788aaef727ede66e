// SPDX-License-Identifier: MIT

#include "http/message/body_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <tendril/error.hpp>

#include "http/message/rounds.hpp"

namespace tendril::http {

std::size_t Body::recv(Buffer buffer, Deadline deadline) {
    return reader_->recv(buffer, deadline);
}

std::string Body::read_all(std::size_t most, Deadline deadline) {
    return reader_->read_all(most, deadline);
}

std::optional<std::uint64_t> Body::length() const noexcept {
    switch (reader_->framing().kind) {
    case detail::Framing::Kind::none:
        return 0;
    case detail::Framing::Kind::length:
        return reader_->framing().length;
    default:
        return std::nullopt;
    }
}

bool Body::ended() const noexcept {
    return reader_->ended();
}

const Headers& Body::trailers() const noexcept {
    return reader_->trailers();
}

void Body::time_out(const TimeoutError& error) {
    reader_->time_out(error);
}

void Body::close() noexcept {
    if (!reader_->ended()) {
        reader_->give_up();
    }
}

bool Body::is_open() const noexcept {
    return !reader_->failed();
}

namespace detail {

void BodyReader::begin(Incoming& incoming, const Framing& framing, const Limits& limits, Begin* begin) {
    incoming_ = &incoming;
    framing_ = framing;
    left_ = framing.length;
    if (framing.kind == Framing::Kind::chunked || !chunks_.trailers().empty()) {
        chunks_ = ChunkedDecoder();
    }
    limits_ = limits;
    read_ = 0;
    begin_ = begin;
    begun_ = failed_ = at_end_ = false;
    thrown_ = nullptr;
}

bool BodyReader::ended() const noexcept {
    switch (framing_.kind) {
    case Framing::Kind::none:
        return true;
    case Framing::Kind::length:
        return left_ == 0;
    case Framing::Kind::chunked:
        return chunks_.ended();
    case Framing::Kind::until_close:
        return at_end_;
    }
    return true;
}

std::size_t BodyReader::recv(Buffer buffer, Deadline deadline) {
    if (ended() || buffer.empty()) {
        return 0;
    }
    if (failed_) {
        throw std::system_error(ECANCELED, std::generic_category(),
                                "a body that was closed, or that a read has already failed on");
    }
    if (limits_.end.passed()) [[unlikely]] {  // also for a client that never makes the reader wait
        fail(ProtocolError(Fault::incomplete, 408, "a body that took too long"));
    }
    try {
        begin_reading();
        return recv_some(buffer, deadline);
    } catch (const TimeoutError&) {
        if (deadline.passed()) {
            thrown_ = std::current_exception();
            throw;  // the caller's deadline; nothing was read, the caller may try again
        }
        fail(ProtocolError(Fault::incomplete, 408, "a body that came too slowly"));
    } catch (const ProtocolError& e) {
        fail(e);
    } catch (const std::exception&) {
        failed_ = true;
        thrown_ = std::current_exception();
        throw;
    }
}

// Refuses a body whose stated length is too large before the peer is told to send it.
void BodyReader::begin_reading() {
    if (begun_ && begin_ == nullptr) [[likely]] {
        return;
    }
    if (is_too_long()) {
        too_large();
    }
    begun_ = true;
    if (begin_ != nullptr) {
        begin_->before_body();
        begin_ = nullptr;
    }
}

bool BodyReader::is_too_long() const noexcept {
    return framing_.kind == Framing::Kind::length && framing_.length > limits_.size;
}

void BodyReader::fail(const ProtocolError& error) {
    failed_ = true;
    thrown_ = std::make_exception_ptr(limits_.of_response ? error.with_status(502) : error);
    std::rethrow_exception(thrown_);
}

void BodyReader::time_out(const TimeoutError& error) {
    thrown_ = std::make_exception_ptr(error);
    std::rethrow_exception(thrown_);
}

void BodyReader::too_large() {
    throw ProtocolError(Fault::too_large, 413, "a body that is too long");
}

std::size_t BodyReader::recv_some(Buffer buffer, Deadline deadline) {
    switch (framing_.kind) {
    case Framing::Kind::none:
        return 0;
    case Framing::Kind::length:
        return recv_length(buffer, limited(deadline));
    case Framing::Kind::chunked:
        return recv_chunked(buffer, deadline);
    case Framing::Kind::until_close:
        break;
    }
    const std::size_t n = incoming_->recv(buffer, limited(deadline));
    at_end_ = n == 0;
    return n;
}

std::size_t BodyReader::recv_length(Buffer buffer, Deadline deadline) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left_));
    const std::size_t n = incoming_->recv({buffer.data(), wanted}, deadline);
    if (n == 0) {
        incomplete();
    }
    left_ -= n;
    return n;
}

std::size_t BodyReader::recv_chunked(Buffer buffer, Deadline deadline) {
    for (Rounds rounds(std::min(deadline, limits_.end));;) {
        std::string_view in = incoming_->unread();
        const std::size_t before = in.size();
        chunks_.advance(in);
        incoming_->take(before - in.size());
        if (chunks_.ended()) {
            return 0;
        }
        if (const std::uint64_t left = chunks_.data_left(); left > 0) {
            // With a small buffer, the chunk sizes that follow would be read in small pieces too.
            if (incoming_->empty() && (left < buffer.size() || buffer.size() < 1024)) {
                if (incoming_->fill(limited(deadline)) == 0) {
                    incomplete();
                }
            }
            const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left));
            const std::size_t n = incoming_->recv({buffer.data(), wanted}, limited(deadline));
            if (n == 0) {
                incomplete();
            }
            chunks_.took(n);
            if (n > limits_.size - std::min(read_, limits_.size)) {
                too_large();
            }
            read_ += n;
            return n;
        }
        if (rounds.over()) {
            throw TimeoutError("recv of a body");
        }
        if (incoming_->fill(limited(deadline)) == 0) {
            incomplete();
        }
    }
}

namespace {
constexpr std::size_t all_max = PTRDIFF_MAX - 1;
}

std::string BodyReader::read_all(std::size_t most, Deadline deadline) {
    const auto refuse = [&] {
        fail(ProtocolError(Fault::too_large, 413, "a body of more than " + std::to_string(most) + " bytes"));
    };
    if (framing_.kind == Framing::Kind::length && left_ > most) {
        refuse();
    }
    most = std::min(most, all_max);
    std::string all;
    std::size_t size = 0;
    for (Rounds rounds(deadline); !ended();) {
        if (rounds.over()) {
            time_out(TimeoutError("read_all of a body"));
        }
        if (size == all.size()) {
            // Does not allocate the stated length at once: a peer must send what it makes us hold.
            const std::uint64_t said = framing_.kind == Framing::Kind::length ? size + left_ : 0;
            const auto first = static_cast<std::size_t>(std::min<std::uint64_t>(said, 65536));
            all.resize(std::min(most + 1, std::max<std::size_t>({first, 2 * size, 4096})));
        }
        size += recv({all.data() + size, all.size() - size}, deadline);
        if (size > most) {
            refuse();
        }
    }
    all.resize(size);
    return all;
}

bool BodyReader::drain(std::uint64_t most, Deadline deadline) {
    std::array<char, 2048> buffer;
    std::uint64_t done = 0;
    for (Rounds rounds(deadline); !ended() && !failed_ && done <= most;) {
        if (rounds.over()) {
            time_out(TimeoutError("skipping the rest of a body"));
        }
        done += recv(buffer, deadline);
    }
    return ended();
}

bool BodyReader::skip_unread() noexcept {
    try {
        while (!ended() && !failed_ && !incoming_->empty()) {
            std::string_view in = incoming_->unread();
            const std::size_t before = in.size();
            if (framing_.kind == Framing::Kind::chunked) {
                chunks_.advance(in);
            }
            const std::uint64_t data = framing_.kind == Framing::Kind::length ? left_ : chunks_.data_left();
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(data, in.size()));
            incoming_->take(before - in.size() + n);
            if (framing_.kind == Framing::Kind::length) {
                left_ -= n;
            } else if (n > 0) {
                chunks_.took(n);
            } else if (framing_.kind == Framing::Kind::until_close) {
                return false;
            }
        }
    } catch (const std::exception&) {
        failed_ = true;
    }
    return ended() && !failed_;
}

void BodyReader::incomplete() {
    throw ProtocolError(Fault::incomplete, 400, "the connection ended before the body did");
}

Deadline BodyReader::limited(Deadline deadline) const {
    return std::min({deadline, limits_.end, Deadline(limits_.timeout)});
}

}  // namespace detail

}  // namespace tendril::http
