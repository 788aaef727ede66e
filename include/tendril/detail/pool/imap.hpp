// SPDX-License-Identifier: MIT
//
// Imap: the results of a function over an input, as an input range. Made by imap, imap_unordered and starmap of Group
// and Pool; see group.hpp. Here is what needs the types of the function, of the input and of the results; the walk of
// the input, the window and the order are a Feed's (src/pool/feed.hpp).

#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <tendril/detail/hub/spawn.hpp>
#include <tendril/greenlet.hpp>

namespace tendril {

namespace detail {

class Feed;

// Kills its feeder and the jobs that still run, and waits for their ends.
struct EndFeed {
    void operator()(Feed* feed) const noexcept;
};
using FeedPtr = std::unique_ptr<Feed, EndFeed>;

// The next job that has ended; refers to none at the end. Throws: std::logic_error without a feed.
AnyGreenlet next_job(Feed* feed);

// An input range of what jobs return; what Imap and Pile share.
// Derived has AnyGreenlet take(): the next job that has ended, or a handle that refers to none.
template <class Derived, class R>
class Results {
public:
    // What a job returns; std::monostate for void.
    using Value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

    // Waits for the next result. Returns: nothing at the end. Yields.
    // Throws: what its job threw, GreenletKilled if somebody killed it; the results after it can still be asked for.
    // Interrupt: nothing is taken.
    std::optional<Value> next() {
        if (!advance()) {
            return std::nullopt;
        }
        if constexpr (std::is_void_v<R>) {
            now_.get();
            return Value();
        } else {
            return std::move(now_).get();
        }
    }

    // The same as a range, to be walked once. Dereferencing throws what the job threw; walking on is possible then.
    class Iterator {
    public:
        using difference_type = std::ptrdiff_t;
        using value_type = Value;

        explicit Iterator(Results& results) : results_(results.advance() ? &results : nullptr) {}
        Value& operator*() const { return results_->value(); }
        Iterator& operator++() {
            results_ = results_->advance() ? results_ : nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept { return it.results_ == nullptr; }

    private:
        Results* results_;
    };
    Iterator begin() { return Iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    bool advance() {
        now_ = HandleMaker::as<Greenlet<R>>(static_cast<Derived&>(*this).take());
        return static_cast<bool>(now_);
    }
    Value& value() {
        if constexpr (std::is_void_v<R>) {
            now_.get();
            return nothing_;
        } else {
            return std::as_const(now_).get();
        }
    }

    Greenlet<R> now_;
    [[no_unique_address]] std::monostate nothing_;
};

}  // namespace detail

// next(), begin() and end(): see detail::Results. What walking the input threw is thrown once, after all results. When
// it goes it ends the walk of the input and kills the jobs that still run, under a Shield. Yields then, unless all have
// ended.
template <class R>
class Imap : public detail::Results<Imap<R>, R> {
public:
    explicit Imap(detail::FeedPtr feed) noexcept : feed_(std::move(feed)) {}  // for the library
    Imap(Imap&&) noexcept = default;
    Imap& operator=(Imap&&) = delete;
    ~Imap() = default;

private:
    friend class detail::Results<Imap, R>;
    AnyGreenlet take() { return detail::next_job(feed_.get()); }

    detail::FeedPtr feed_;
};

namespace detail {

// A range: the caller's, which must outlive the imap, or one that was given away.
template <class Range>
struct Input {
    static constexpr bool owned = !std::is_lvalue_reference_v<Range>;
    using Bare = std::remove_reference_t<Range>;
    using Item = std::ranges::range_value_t<Bare>;

    std::conditional_t<owned, Bare, Bare*> range;
    std::optional<std::ranges::iterator_t<Bare>> at;

    explicit Input(Bare& r) requires(!owned) : range(&r) {}
    explicit Input(Bare&& r) requires(owned) : range(std::move(r)) {}

    Bare& get() noexcept {
        if constexpr (owned) {
            return range;
        } else {
            return *range;
        }
    }
    bool step() {
        if (at) {
            ++*at;
        } else {
            at.emplace(std::ranges::begin(get()));
        }
        return *at != std::ranges::end(get());
    }
    Item item() {
        if constexpr (std::constructible_from<Item, std::ranges::range_reference_t<Bare>>) {
            return Item(**at);
        } else {
            static_assert(owned && !std::ranges::borrowed_range<Bare>,
                          "the items can't be copied: give the range away (std::move) or use std::move_iterator");
            return Item(std::move(**at));
        }
    }
};

// Items of several ranges side by side, until one ends: the arguments of each call.
template <class... Ranges>
class Zip {
public:
    static_assert(sizeof...(Ranges) > 0, "imap needs an input");
    using Arguments = std::tuple<typename Input<Ranges>::Item...>;
    explicit Zip(Ranges&&... ranges) : inputs_(Input<Ranges>(std::forward<Ranges>(ranges))...) {}

    bool next(std::optional<Arguments>& arguments) {
        arguments.reset();
        std::apply(
            [&](auto&... input) {
                if ((input.step() && ...)) {
                    arguments.emplace(input.item()...);
                }
            },
            inputs_);
        return arguments.has_value();
    }

private:
    std::tuple<Input<Ranges>...> inputs_;
};

// A range whose items are tuples: each the arguments of a call.
template <class Range>
class Star {
public:
    using Arguments = typename Input<Range>::Item;
    explicit Star(Range&& range) : input_(std::forward<Range>(range)) {}

    bool next(std::optional<Arguments>& arguments) {
        arguments.reset();
        if (input_.step()) {
            arguments.emplace(input_.item());
        }
        return arguments.has_value();
    }

private:
    Input<Range> input_;
};

template <class F, class Arguments>
inline constexpr bool applicable = false;
template <class F, template <class...> class Tuple, class... A>
inline constexpr bool applicable<F, Tuple<A...>> = std::is_invocable_v<F&, A...>;

// An input, and what is to be done with its items.
class JobSource {
public:
    JobSource() = default;
    JobSource(const JobSource&) = delete;
    JobSource& operator=(const JobSource&) = delete;
    virtual ~JobSource() = default;

    virtual bool fetch() = 0;  // takes an item from the input; returns: false at its end
    virtual AnyGreenlet spawn_job(const SpawnOptions& options) = 0;  // of the item
};

template <class F, class Source>
class JobsOf final : public JobSource {
public:
    using R = std::decay_t<decltype(std::apply(std::declval<F&>(), std::declval<typename Source::Arguments>()))>;

    JobsOf(F f, Source source) : f_(std::move(f)), source_(std::move(source)) {}

private:
    bool fetch() override { return source_.next(arguments_); }
    AnyGreenlet spawn_job(const SpawnOptions& options) override {
        return launch<Greenlet>(options, nullptr, [this, a = std::move(*arguments_)]() mutable -> R {
            return std::apply(f_, std::move(a));
        });
    }

    F f_;
    Source source_;
    std::optional<typename Source::Arguments> arguments_;
};

}  // namespace detail
}  // namespace tendril
