// SPDX-License-Identifier: MIT

#include <tendril/buffered.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include <tendril/error.hpp>

#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "net/transfer.hpp"

namespace tendril {

namespace {

Source& use(const std::shared_ptr<Source>& source) {
    if (source == nullptr) {
        detail::fail(-EBADF, "a buffered reader is closed");
    }
    return *source;
}

}  // namespace

// Checks the deadline of a loop over recv(): a source that always has something at once would never time out.
class BufferedReader::Rounds {
public:
    Rounds(BufferedReader& reader, const char* what, Deadline deadline) noexcept
        : reader_(reader), what_(what), deadline_(deadline) {}

    // Before each round but the first. Throws: TimeoutError.
    void next() {
        if (std::exchange(begun_, true) && deadline_.passed()) {
            reader_.time_out(TimeoutError(what_));
        }
    }

private:
    BufferedReader& reader_;
    const char* what_;
    Deadline deadline_;
    bool begun_ = false;
};

bool BufferedReader::fill(Deadline deadline, std::size_t wanted) {
    constexpr std::size_t most_at_once = 65536;
    Source& source = use(source_);
    if (begin_ == bytes_.size()) {
        bytes_.clear();
        begin_ = 0;
    } else if (begin_ > bytes_.size() / 2) {  // moves less than has been read, so the cost per byte is bounded
        bytes_.erase(0, std::exchange(begin_, 0));
    }
    const std::size_t before = bytes_.size();
    std::size_t size = before;
    const detail::OnExit shrunk([&] { bytes_.resize(size); });
    bytes_.resize(before + std::max({options_.size, std::min(wanted, most_at_once), std::size_t{1}}));
    size += source.recv({bytes_.data() + before, bytes_.size() - before}, deadline);
    return size > before;
}

void BufferedReader::skip_rest_of_end() noexcept {
    if (skip_lf_ && !buffered().empty()) {
        skip_lf_ = false;
        begin_ += buffered().front() == '\n' ? 1 : 0;
    }
}

void BufferedReader::check_length(std::size_t size, std::size_t most) const {
    if (size > most) {
        throw std::system_error(EMSGSIZE, std::generic_category(),
                                "a buffered reader: more than " + std::to_string(most) + " bytes in one piece");
    }
}

std::string BufferedReader::take(std::size_t size, std::size_t end) {
    std::string piece(buffered().substr(0, size));
    begin_ += size + end;
    return piece;
}

std::size_t BufferedReader::recv(Buffer buffer, Deadline deadline) {
    skip_rest_of_end();
    if (buffered().empty() && !buffer.empty()) {
        if (buffer.size() >= options_.size && !skip_lf_) {
            return use(source_).recv(buffer, deadline);
        }
        do {  // twice at most
            if (!fill(deadline)) {
                return 0;
            }
            skip_rest_of_end();
        } while (buffered().empty());
    }
    const std::size_t n = std::min(buffer.size(), buffered().size());
    std::copy_n(buffered().data(), n, reinterpret_cast<char*>(buffer.data()));
    begin_ += n;
    return n;
}

std::size_t BufferedReader::recv_exactly(Buffer buffer, Deadline deadline) {
    skip_rest_of_end();
    Rounds rounds(*this, "recv_exactly", deadline);
    while (buffered().size() < buffer.size()) {
        rounds.next();
        if (!fill(deadline, buffer.size() - buffered().size())) {
            break;
        }
        skip_rest_of_end();
    }
    const std::size_t n = std::min(buffer.size(), buffered().size());
    std::copy_n(buffered().data(), n, reinterpret_cast<char*>(buffer.data()));
    begin_ += n;
    return n;
}

std::optional<std::string> BufferedReader::read_until(std::string_view delimiter, Deadline deadline) {
    if (delimiter.empty()) {
        throw std::invalid_argument("read_until() needs a delimiter of at least one byte");
    }
    skip_rest_of_end();
    Rounds rounds(*this, "read_until", deadline);
    for (std::size_t searched = 0;;) {
        // A delimiter may have begun in the bytes that were already searched.
        const std::size_t from = searched > delimiter.size() - 1 ? searched - (delimiter.size() - 1) : 0;
        if (const std::size_t at = buffered().find(delimiter, from); at != std::string_view::npos) {
            check_length(at, options_.longest);
            return take(at, delimiter.size());
        }
        searched = buffered().size();
        check_length(searched, options_.longest + delimiter.size());
        rounds.next();
        if (!fill(deadline)) {
            return std::nullopt;
        }
        skip_rest_of_end();
    }
}

std::optional<std::string> BufferedReader::read_line(Deadline deadline) {
    std::optional<std::string> line;
    if (options_.line_end == LineEnd::universal) {
        skip_rest_of_end();
        Rounds rounds(*this, "read_line", deadline);
        for (std::size_t searched = 0;;) {
            if (const std::size_t at = buffered().find_first_of("\r\n", searched); at != std::string_view::npos) {
                check_length(at, options_.longest);
                skip_lf_ = buffered()[at] == '\r';
                return take(at, 1);
            }
            searched = buffered().size();
            check_length(searched, options_.longest);
            rounds.next();
            if (!fill(deadline)) {
                break;
            }
            skip_rest_of_end();
        }
    } else if ((line = read_until(options_.line_end == LineEnd::lf ? "\n" : "\r\n", deadline)).has_value()) {
        return line;
    }
    if (!buffered().empty()) {  // the last one
        check_length(buffered().size(), options_.longest);
        line = take(buffered().size(), 0);
    }
    return line;
}

std::string BufferedReader::read_all(std::size_t most, Deadline deadline) {
    skip_rest_of_end();
    Rounds rounds(*this, "read_all", deadline);
    do {
        check_length(buffered().size(), most);
        rounds.next();
    } while (fill(deadline));
    skip_rest_of_end();
    return take(buffered().size(), 0);
}

std::string_view BufferedReader::peek(std::size_t n, Deadline deadline) {
    skip_rest_of_end();
    check_length(n, options_.longest);
    Rounds rounds(*this, "peek", deadline);
    while (buffered().size() < n) {
        rounds.next();
        if (!fill(deadline)) {
            break;
        }
        skip_rest_of_end();
    }
    return buffered();
}

void BufferedReader::skip(std::size_t n) noexcept {
    begin_ += std::min(n, buffered().size());
}

void BufferedReader::trim() noexcept {
    if (buffered().empty()) {
        begin_ = 0;
        std::string().swap(bytes_);
    }
}

void BufferedReader::time_out(const TimeoutError& error) {
    use(source_).time_out(error);
    Source::time_out(error);  // for GCC, which does not see that the virtual call never returns
}

void BufferedReader::close() noexcept {
    if (source_ != nullptr) {
        source_->close();
    }
}

BufferedWriter::~BufferedWriter() {
    if (sink_ != nullptr && !bytes_.empty() && !broken_ && is_open() && std::uncaught_exceptions() == 0) {
        detail::report("a BufferedWriter was destroyed with " + std::to_string(bytes_.size()) +
                       " unsent bytes: call flush() first");
    }
}

// Sends `parts`, which begin with the buffer's bytes, and empties the buffer.
void BufferedWriter::send_now(std::span<const Bytes> parts, Deadline deadline) {
    if (sink_ == nullptr) {
        detail::fail(-EBADF, "a buffered writer is closed");
    }
    if (broken_) {
        throw std::logic_error("this BufferedWriter cannot go on: its last sending was broken off at an unknown place");
    }
    broken_ = true;
    try {
        sink_->send_parts(parts, deadline);
    } catch (const TimeoutError& e) {
        broken_ = e.done() > bytes_.size();  // a part of the caller's bytes was sent: the caller cannot send them again
        bytes_.erase(0, std::min(e.done(), bytes_.size()));
        throw;
    }
    broken_ = false;
    bytes_.clear();
}

std::size_t BufferedWriter::send(Bytes bytes, Deadline deadline) {
    send_all(bytes, deadline);
    return bytes.size();
}

void BufferedWriter::send_all(Bytes bytes, Deadline deadline) {
    if (bytes_.size() + bytes.size() <= size_ && !broken_ && sink_ != nullptr) {
        bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return;
    }
    const std::array<Bytes, 2> parts{Bytes(bytes_), bytes};
    const std::size_t before = bytes_.size();
    try {
        send_now(parts, deadline);
    } catch (const TimeoutError& e) {
        throw TimeoutError("send_all", e, e.done() > before ? e.done() - before : 0);
    }
}

void BufferedWriter::flush(Deadline deadline) {
    if (!bytes_.empty() || broken_) {
        const std::array<Bytes, 1> part{Bytes(bytes_)};
        send_now(part, deadline);
    }
}

void BufferedWriter::close() noexcept {
    bytes_.clear();
    if (sink_ != nullptr) {
        sink_->close();
    }
}

}  // namespace tendril
