// SPDX-License-Identifier: MIT
// Floor: http
//
// Chunks: the return value of a WSGI application (wsgi.hpp): the pieces of a response's body, made on demand.
//
//     return "Hello";                                           one piece
//     return {"Hello, ", name, "\n"};                           several, copied
//     return lines;                                             any input range of strings or their like, which it owns
//     return [rows]() mutable { return rows->next_line(); };    a generator: std::optional<std::string>, called until
//                                                               it has none
//     return wsgi::file_wrapper(File::open("report.pdf"));      a file, from its position to its end
//
// Python's close() of the iterable is here the destructor of the range or generator, and the hooks of on_close(): each
// is called once, however the response ends. One green thread at a time.

#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tendril {
class File;
}

namespace tendril::http::wsgi {

class Chunks;

namespace detail {

// Makes the pieces; see the functions of Chunks with these names.
struct Producer {
    virtual ~Producer() = default;
    virtual std::optional<std::string_view> next() = 0;  // nothing: the end; the view is valid until the next call
    virtual std::optional<std::size_t> size() const { return std::nullopt; }
    virtual File* file() noexcept { return nullptr; }
};

template <class R>
concept ChunkRange =
    std::ranges::input_range<R> && std::convertible_to<std::ranges::range_reference_t<R>, std::string_view>;

template <class F>
concept Generator = std::is_invocable_r_v<std::optional<std::string>, F&>;

// Pieces from a range: views of its elements, or of a copy of one that the range makes on the fly.
template <class R>
class RangeProducer final : public Producer {
public:
    explicit RangeProducer(R range) : range_(std::move(range)) {}

    std::optional<std::string_view> next() override {
        if (!at_.has_value()) {
            at_.emplace(std::ranges::begin(range_));
        } else if (*at_ != std::ranges::end(range_)) {
            ++*at_;
        }
        if (*at_ == std::ranges::end(range_)) {
            return std::nullopt;
        }
        if constexpr (std::same_as<std::remove_cvref_t<Reference>, std::string> && !std::is_reference_v<Reference>) {
            made_ = **at_;
            return made_;
        } else {
            return std::string_view(**at_);
        }
    }

    std::optional<std::size_t> size() const override {
        if constexpr (std::ranges::sized_range<const R>) {
            return std::ranges::size(range_);
        } else {
            return std::nullopt;
        }
    }

private:
    using Reference = std::ranges::range_reference_t<R>;
    R range_;
    std::optional<std::ranges::iterator_t<R>> at_;
    std::string made_;
};

// Pieces from a generator, called again for each.
template <class F>
class GeneratorProducer final : public Producer {
public:
    explicit GeneratorProducer(F generator) : generator_(std::move(generator)) {}

    std::optional<std::string_view> next() override {
        made_ = generator_();
        return made_;
    }

private:
    F generator_;
    std::optional<std::string> made_;
};

}  // namespace detail

// All conversions are implicit on purpose: an application just returns what it has.
class Chunks {
public:
    Chunks() = default;  // no pieces
    // One piece.
    Chunks(std::string whole);
    Chunks(std::string_view whole) : Chunks(std::string(whole)) {}
    Chunks(const char* whole) : Chunks(std::string(whole)) {}
    // Several pieces, copied.
    Chunks(std::initializer_list<std::string_view> pieces)
        : Chunks(std::vector<std::string>(pieces.begin(), pieces.end())) {}

    // The elements of a range, which is copied or moved into this.
    template <class R>
    requires(!std::same_as<std::remove_cvref_t<R>, Chunks> && detail::ChunkRange<std::remove_cvref_t<R>>)
        // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint excludes Chunks itself
        Chunks(R&& range)
        : producer_(std::make_unique<detail::RangeProducer<std::remove_cvref_t<R>>>(std::forward<R>(range))) {}

    // The results of a generator, which is called until it returns nothing. It may wait.
    template <class F>
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint excludes Chunks itself
    requires(!std::same_as<std::remove_cvref_t<F>, Chunks> && detail::Generator<std::decay_t<F>>) Chunks(F&& generator)
        : producer_(std::make_unique<detail::GeneratorProducer<std::decay_t<F>>>(std::forward<F>(generator))) {}

    // For the library.
    explicit Chunks(std::unique_ptr<detail::Producer> producer) noexcept : producer_(std::move(producer)) {}

    Chunks(Chunks&& other) noexcept
        : producer_(std::move(other.producer_)), closers_(std::exchange(other.closers_, {})) {}
    Chunks& operator=(Chunks&& other) noexcept;
    // Closes it, in a Shield. What a hook throws is reported.
    ~Chunks();

    // Adds a hook, called when this is closed or destroyed: before the range or generator is destroyed, the hook added
    // last first. A hook may wait. Assigning to a Chunks closes the old pieces.
    Chunks& on_close(std::function<void()> hook) &;
    Chunks&& on_close(std::function<void()> hook) && { return std::move(on_close(std::move(hook))); }

    // For servers and middleware. Returns: the next piece, perhaps an empty one, valid until the next call; nothing if
    // there are no more, or this is closed. Yields and throws as the range or generator does.
    std::optional<std::string_view> next();

    std::optional<std::size_t> size() const;  // how many pieces there are in all; nothing if that is unknown
    File* file() noexcept;                    // the file of a file_wrapper(), else nullptr

    // Calls the hooks, and destroys the range or generator. Idempotent. Yields as the hooks do.
    // Throws: what a hook throws, once all hooks were called: a kill if there is one, else the first of several.
    void close();

private:
    std::unique_ptr<detail::Producer> producer_;
    std::vector<std::function<void()>> closers_;
};

// Returns: a file as a body, from its position to its end. A server lets the kernel copy it where it can; middleware
// that iterates over it gets pieces of block_size bytes. Throws: std::invalid_argument for a block_size of 0.
Chunks file_wrapper(File file, std::size_t block_size = std::size_t{64} * 1024);

}  // namespace tendril::http::wsgi
