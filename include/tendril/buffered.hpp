// SPDX-License-Identifier: MIT
// Floor: net
//
// BufferedReader and BufferedWriter: lines, delimiters and exact sizes over any Source or Sink, in few calls.
//
//     BufferedReader in(socket);
//     while (auto line = in.read_line()) ...
//
// A reader refers to its source, or shares it (shared_ptr), or owns it (given as an rvalue): the last owner closes.
// After a TimeoutError, an Interrupt or a line that is too long nothing is lost: what had come is in the buffer still.
// One green thread at a time. Example: examples/read_lines.cpp

#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tendril/stream.hpp>

namespace tendril {

// What ends a line, and is not part of what read_line() returns. lf: "\n" alone: of "a\r\n" the line is "a\r", since to
// this kind a "\r" is a character like any other; for text that may have either end say universal. crlf: "\r\n" alone;
// a "\n" or "\r" by itself is part of the line. universal: "\n", "\r\n" or "\r", in any mixture.
enum class LineEnd { lf, crlf, universal };

struct ReaderOptions {
    std::size_t size = 8192;            // asked of the source at once
    std::size_t longest = 1024 * 1024;  // line, or other piece that is looked for: what a peer may make us hold
    LineEnd line_end = LineEnd::lf;
};

namespace detail {
template <class S, class Base>
concept Owned = std::derived_from<S, Base> && !std::is_reference_v<S>;
}

class BufferedReader final : public Source {
public:
    explicit BufferedReader(Source& source, const ReaderOptions& options = {})
        : BufferedReader(std::shared_ptr<Source>(std::shared_ptr<void>(), &source), options) {}
    explicit BufferedReader(std::shared_ptr<Source> source, const ReaderOptions& options = {})
        : source_(std::move(source)), options_(options) {}
    template <detail::Owned<Source> S>
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint excludes BufferedReader itself
    requires(!std::same_as<S, BufferedReader>) explicit BufferedReader(S&& source, const ReaderOptions& options = {})
        : BufferedReader(std::make_shared<S>(std::forward<S>(source)), options) {}

    // What is in the buffer goes first.
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;

    // All or, before the end, nothing: what had come when it was broken off is read again; TimeoutError's done() is 0.
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never) override;

    // The next line, without its end; the last one need not have one. Nothing: there is no more.
    // Throws: std::system_error (EMSGSIZE), it is longer than options.longest; TimeoutError; what the source throws.
    std::optional<std::string> read_line(Deadline deadline = never);

    // What comes before the delimiter, which is taken too. Nothing: the stream ended without one; what there was stays.
    // Throws: as read_line(); std::invalid_argument for an empty delimiter.
    std::optional<std::string> read_until(std::string_view delimiter, Deadline deadline = never);

    // All that comes. Throws: as read_line(), EMSGSIZE for more than `most` bytes.
    std::string read_all(std::size_t most, Deadline deadline = never);

    // Waits until n bytes are there, or the end. Returns: what there is, perhaps more; good until the next call.
    std::string_view peek(std::size_t n, Deadline deadline = never);
    void skip(std::size_t n) noexcept;  // of what peek() showed

    std::string_view buffered() const noexcept { return std::string_view(bytes_).substr(begin_); }
    void trim() noexcept;  // gives the buffer's memory back, when it is empty

    // for (const std::string& line : reader.lines()) ...
    class Lines;
    Lines lines();

    [[noreturn]] void time_out(const TimeoutError& error) override;  // the source's
    void close() noexcept override;
    bool is_open() const noexcept override { return source_ != nullptr && source_->is_open(); }

private:
    class Rounds;

    bool fill(Deadline deadline, std::size_t wanted = 0);  // false: the end
    std::string take(std::size_t size, std::size_t end);
    void skip_rest_of_end() noexcept;
    void check_length(std::size_t size, std::size_t most) const;

    std::shared_ptr<Source> source_;
    ReaderOptions options_;
    std::string bytes_;  // those from begin_ on have not been read
    std::size_t begin_ = 0;
    bool skip_lf_ = false;  // a line ended with "\r": the "\n" that may follow belongs to it
};

// An input range.
class BufferedReader::Lines {
public:
    class Iterator {
    public:
        using value_type = std::string;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;
        explicit Iterator(BufferedReader& reader) : reader_(&reader), line_(reader.read_line()) {}
        const std::string& operator*() const { return *line_; }
        Iterator& operator++() {
            line_ = reader_->read_line();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return !line_.has_value(); }

    private:
        BufferedReader* reader_;
        std::optional<std::string> line_;
    };

    explicit Lines(BufferedReader& reader) noexcept : reader_(reader) {}
    Iterator begin() { return Iterator(reader_); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    BufferedReader& reader_;
};

inline BufferedReader::Lines BufferedReader::lines() {
    return Lines(*this);
}

// Collects small pieces. What was not flushed is lost with it, and that reported: a destructor does not wait. When
// sending is broken off by an Interrupt nobody knows how far it came: the writer refuses everything then.
class BufferedWriter final : public Sink {
public:
    explicit BufferedWriter(Sink& sink, std::size_t size = 8192)
        : BufferedWriter(std::shared_ptr<Sink>(std::shared_ptr<void>(), &sink), size) {}
    explicit BufferedWriter(std::shared_ptr<Sink> sink, std::size_t size = 8192)
        : sink_(std::move(sink)), size_(size) {}
    template <detail::Owned<Sink> S>
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint excludes BufferedWriter itself
    requires(!std::same_as<S, BufferedWriter>) explicit BufferedWriter(S&& sink, std::size_t size = 8192)
        : BufferedWriter(std::make_shared<S>(std::forward<S>(sink)), size) {}
    BufferedWriter(BufferedWriter&&) = default;
    BufferedWriter& operator=(BufferedWriter&&) = default;
    ~BufferedWriter() override;

    // All of them take everything, and wait only when the buffer is full.
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;

    // Sends what is in the buffer. Throws: TimeoutError: what was not sent is in it still; what the sink throws.
    void flush(Deadline deadline = never);
    std::size_t unsent() const noexcept { return bytes_.size(); }

    void close() noexcept override;  // without a flush
    bool is_open() const noexcept override { return sink_ != nullptr && sink_->is_open(); }

private:
    void send_now(std::span<const Bytes> parts, Deadline deadline);

    std::shared_ptr<Sink> sink_;
    std::size_t size_;
    std::string bytes_;
    bool broken_ = false;
};

}  // namespace tendril
