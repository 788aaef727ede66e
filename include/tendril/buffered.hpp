// SPDX-License-Identifier: MIT
// Floor: net
//
// BufferedReader and BufferedWriter: lines, delimiters and exact sizes over any Source or Sink, in few calls.
//
//     BufferedReader in(socket);
//     while (auto line = in.read_line()) ...
//
// A reader or writer refers to its stream, shares it (shared_ptr), or owns it (given as an rvalue); the last owner
// closes it. Calls that take a deadline wait, and yield, only in the stream's own recv() and send(): a call that the
// buffer can serve does not yield. Use one of them in one green thread at a time.
//
// A reader loses nothing after a TimeoutError, an Interrupt or a line that is too long: the bytes that had arrived are
// still in its buffer, and the next call reads them. Example: examples/read_lines.cpp

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

// What ends a line; read_line() returns the line without it.
//   lf         "\n" alone. Of "a\r\n" the line is "a\r": a "\r" is a character like any other.
//   crlf       "\r\n" alone. A "\n" or "\r" by itself is part of the line.
//   universal  "\n", "\r\n" or "\r", in any mixture. For text that may have either end.
enum class LineEnd { lf, crlf, universal };

// Options of a BufferedReader.
struct ReaderOptions {
    std::size_t size = 8192;            // bytes requested from the source at once
    std::size_t longest = 1024 * 1024;  // bytes of the longest line or piece: limits what a peer can make us hold
    LineEnd line_end = LineEnd::lf;     // what ends a line
};

namespace detail {
template <class S, class Base>
concept Owned = std::derived_from<S, Base> && !std::is_reference_v<S>;
}

// Reads from a Source by lines, up to delimiters, or by sizes. What the source throws passes through.
class BufferedReader final : public Source {
public:
    // Reads from a source that outlives the reader; the second shares it; the third moves it in and owns it.
    explicit BufferedReader(Source& source, const ReaderOptions& options = {})
        : BufferedReader(std::shared_ptr<Source>(std::shared_ptr<void>(), &source), options) {}
    explicit BufferedReader(std::shared_ptr<Source> source, const ReaderOptions& options = {})
        : source_(std::move(source)), options_(options) {}
    template <detail::Owned<Source> S>
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint excludes BufferedReader itself
    requires(!std::same_as<S, BufferedReader>) explicit BufferedReader(S&& source, const ReaderOptions& options = {})
        : BufferedReader(std::make_shared<S>(std::forward<S>(source)), options) {}

    // Returns buffered bytes first, without waiting; asks the source only when there are none. As Source::recv().
    std::size_t recv(Buffer buffer, Deadline deadline = never) override;

    // Fills the whole buffer; fewer bytes only at the end of the stream. If a timeout or a kill breaks it off, it has
    // taken nothing: the next call reads the same bytes again, and the TimeoutError's done() is 0.
    std::size_t recv_exactly(Buffer buffer, Deadline deadline = never) override;

    // Reads the next line. The last line need not have an end.
    // Returns: the line without its end; nothing at the end of the stream.
    // Throws: std::system_error (EMSGSIZE) if it is longer than options.longest; TimeoutError; what the source throws.
    std::optional<std::string> read_line(Deadline deadline = never);

    // Reads up to the next delimiter, and takes the delimiter too.
    // Returns: the bytes before it; nothing if the stream ends without one: the rest then stays in the buffer.
    // Throws: as read_line(); std::invalid_argument for an empty delimiter.
    std::optional<std::string> read_until(std::string_view delimiter, Deadline deadline = never);

    // Reads and returns everything up to the end of the stream.
    // Throws: as read_line(); EMSGSIZE if there are more than `most` bytes.
    std::string read_all(std::size_t most, Deadline deadline = never);

    // Waits until n bytes are in the buffer, or the stream has ended. Takes nothing.
    // Returns: all buffered bytes, perhaps more than n; valid until the next call. Throws: as read_line().
    std::string_view peek(std::size_t n, Deadline deadline = never);

    // Takes n of the bytes that peek() returned, at most all of them. Never waits.
    void skip(std::size_t n) noexcept;

    // Returns the bytes that have arrived and were not read; valid until the next call. Never waits.
    std::string_view buffered() const noexcept { return std::string_view(bytes_).substr(begin_); }

    // Frees the buffer's memory if the buffer is empty; the next call that reads allocates it again.
    void trim() noexcept;

    // Calls read_line() for each step: for (const std::string& line : reader.lines()) ...
    class Lines;
    Lines lines();

    [[noreturn]] void time_out(const TimeoutError& error) override;  // passed on to the source

    // Closes the source. Buffered bytes can still be read.
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

// The range that lines() returns: an input range, so it can be walked once. Its iterators refer to the reader, and wait
// and throw as read_line() does, without a deadline.
class BufferedReader::Lines {
public:
    // Reads the next line with each step.
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
        // Whether there are no more lines.
        bool operator==(std::default_sentinel_t) const noexcept { return !line_.has_value(); }

    private:
        BufferedReader* reader_;
        std::optional<std::string> line_;
    };

    explicit Lines(BufferedReader& reader) noexcept : reader_(reader) {}  // of a reader, which must outlive it
    Iterator begin() { return Iterator(reader_); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    BufferedReader& reader_;
};

inline BufferedReader::Lines BufferedReader::lines() {
    return Lines(*this);
}

// Collects small pieces and sends them together. Call flush() before the end: the destructor does not wait, so it drops
// unsent bytes and reports them on standard error. If an Interrupt or an error breaks sending off, or a timeout after a
// part of the caller's own bytes was sent, the writer refuses all further sending with std::logic_error: no caller
// could go on from the right byte.
class BufferedWriter final : public Sink {
public:
    // Writes to a sink that outlives the writer; the second shares it; the third moves it in and owns it.
    // size: bytes that the buffer holds before they are sent.
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

    // Both take all the bytes; they send, and wait, only if the buffer has no room for them. send() returns the size.
    // Throws: TimeoutError, whose done() says how many of these bytes were sent; what the sink throws;
    // std::logic_error.
    std::size_t send(Bytes bytes, Deadline deadline = never) override;
    void send_all(Bytes bytes, Deadline deadline = never) override;

    // Sends what is in the buffer.
    // Throws: TimeoutError; what was not sent is still in the buffer. What the sink throws; std::logic_error.
    void flush(Deadline deadline = never);

    // Returns the number of bytes in the buffer.
    std::size_t unsent() const noexcept { return bytes_.size(); }

    // Closes the sink; drops the buffer's bytes without sending or reporting them.
    void close() noexcept override;
    bool is_open() const noexcept override { return sink_ != nullptr && sink_->is_open(); }

private:
    void send_now(std::span<const Bytes> parts, Deadline deadline);

    std::shared_ptr<Sink> sink_;
    std::size_t size_;
    std::string bytes_;
    bool broken_ = false;
};

}  // namespace tendril
