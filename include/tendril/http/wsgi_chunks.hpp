// SPDX-License-Identifier: MIT
// Floor: http
//
// Chunks: what a WSGI application (wsgi.hpp) returns: the pieces of a response's body, made as they are asked for.
//
//     return "Hello";                                           one piece
//     return {"Hello, ", name, "\n"};                           several, copied
//     return lines;                                             any input range of what is like a string, which it owns
//     return [rows]() mutable { return rows->next_line(); };    a generator: std::optional<std::string>, called until
//                                                               it has none
//     return wsgi::file_wrapper(File::open("report.pdf"));      a file, from its position to its end
//
// What Python calls the iterable's close() is the destructor of what it was made from, and on_close(): called once,
// whatever becomes of the response. In one green thread at a time.

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

struct Producer {
    virtual ~Producer() = default;
    virtual std::optional<std::string_view> next() = 0;  // good until the next call
    virtual std::optional<std::size_t> size() const { return std::nullopt; }
    virtual File* file() noexcept { return nullptr; }
};

template <class R>
concept ChunkRange =
    std::ranges::input_range<R> && std::convertible_to<std::ranges::range_reference_t<R>, std::string_view>;

template <class F>
concept Generator = std::is_invocable_r_v<std::optional<std::string>, F&>;

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

class Chunks {
public:
    Chunks() = default;  // none
    Chunks(std::string whole);
    Chunks(std::string_view whole) : Chunks(std::string(whole)) {}
    Chunks(const char* whole) : Chunks(std::string(whole)) {}
    Chunks(std::initializer_list<std::string_view> pieces)
        : Chunks(std::vector<std::string>(pieces.begin(), pieces.end())) {}

    template <class R>
    requires(!std::same_as<std::remove_cvref_t<R>, Chunks> && detail::ChunkRange<std::remove_cvref_t<R>>)
        // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint excludes Chunks itself
        Chunks(R&& range)
        : producer_(std::make_unique<detail::RangeProducer<std::remove_cvref_t<R>>>(std::forward<R>(range))) {}

    template <class F>
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint excludes Chunks itself
    requires(!std::same_as<std::remove_cvref_t<F>, Chunks> && detail::Generator<std::decay_t<F>>) Chunks(F&& generator)
        : producer_(std::make_unique<detail::GeneratorProducer<std::decay_t<F>>>(std::forward<F>(generator))) {}

    explicit Chunks(std::unique_ptr<detail::Producer> producer) noexcept : producer_(std::move(producer)) {}

    Chunks(Chunks&& other) noexcept
        : producer_(std::move(other.producer_)), closers_(std::exchange(other.closers_, {})) {}
    Chunks& operator=(Chunks&& other) noexcept;
    ~Chunks();  // closes; what a hook throws is reported

    // Called when it is closed, or goes; before the range goes, those that were added last first. A hook may wait.
    Chunks& on_close(std::function<void()> hook) &;
    Chunks&& on_close(std::function<void()> hook) && { return std::move(on_close(std::move(hook))); }

    // For servers and middleware: the next piece, perhaps an empty one; good until the next call. Nothing: it was the
    // last, or it is closed. Yields, throws: as what makes them.
    std::optional<std::string_view> next();

    std::optional<std::size_t> size() const;  // how many pieces there are in all, where that is known
    File* file() noexcept;                    // of file_wrapper(), else nullptr

    // Idempotent. Throws: what a hook throws, once all were called: the first of several, but a kill before all others.
    void close();

private:
    std::unique_ptr<detail::Producer> producer_;
    std::vector<std::function<void()>> closers_;
};

// A file as a body: the kernel copies it, where it can. What iterates it instead gets it in pieces of block_size.
Chunks file_wrapper(File file, std::size_t block_size = std::size_t{64} * 1024);

}  // namespace tendril::http::wsgi
