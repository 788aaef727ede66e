// SPDX-License-Identifier: MIT
//
// Imap: the results of a function over an input, as an input range. Made by imap, imap_unordered and starmap of Group
// and Pool; see group.hpp.

#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tendril/detail/pool/feed.hpp>
#include <tendril/detail/pool/results.hpp>

namespace tendril {

// next(), begin() and end(): see detail/results.hpp. What walking the input threw is thrown once, after all results.
template <class R>
class Imap : public detail::Results<Imap<R>, R> {
public:
    explicit Imap(std::unique_ptr<detail::Feed> feed) noexcept : feed_(std::move(feed)) {}
    Imap(Imap&&) noexcept = default;
    Imap& operator=(Imap&&) = delete;

    // Ends the walk of the input and kills the jobs that still run, under a Shield. Yields, unless all have ended.
    ~Imap() {
        if (feed_ != nullptr) {
            feed_->close();
        }
    }

private:
    friend class detail::Results<Imap, R>;
    AnyGreenlet take() {
        if (feed_ == nullptr) {
            throw std::logic_error("this imap was moved from");
        }
        return feed_->next();
    }

    std::unique_ptr<detail::Feed> feed_;
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

template <class F, class Source>
class FeedOf final : public Feed {
public:
    using R = std::decay_t<decltype(std::apply(std::declval<F&>(), std::declval<typename Source::Arguments>()))>;

    FeedOf(Crew& crew, std::size_t window, bool ordered, F f, Source source)
        : Feed(crew, window, ordered), f_(std::move(f)), source_(std::move(source)) {}

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
