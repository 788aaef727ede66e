// SPDX-License-Identifier: MIT
//
// MapMembers: imap, imap_unordered, starmap and map, which Group, Pool and ThreadPool share.

#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/detail/hub/spawn.hpp>
#include <tendril/detail/pool/imap.hpp>
#include <tendril/site.hpp>
#include <tendril/size.hpp>

namespace tendril {

// Options of imap() and its like.
struct ImapOptions {
    // Jobs made and not yet consumed. 0: the size of the Pool, twice the size of the ThreadPool, for a Group no bound.
    Size window = 0;
    std::size_t stack_size = 0;  // of the green threads, as SpawnOptions
    Site where = {};             // as SpawnOptions
};

namespace detail {

using ImapCall = InCall<ImapOptions>;

// ImapOptions as a braced list in the call; see InCall in detail/hub/spawn.hpp.
struct ImapBraces {
    Size window = 0;
    std::size_t stack_size = 0;
    Site where = Site::here();

    ImapOptions options() const noexcept { return {.window = window, .stack_size = stack_size, .where = where}; }
};

// A readable error for a function that does not fit the input.
template <class Source, class F>
constexpr void check_applicable() {
    static_assert(applicable<std::decay_t<F>, typename Source::Arguments>,
                  "tendril: map, imap or starmap: the function cannot be called with the items of the input. It gets "
                  "copies of them, as rvalues: let it take them by value or by const&");
}

// Derived has feed(options, ordered, f, source), which returns an Imap.
template <class Derived>
class MapMembers {
public:
    // Calls f with every item, each in a job of its own: for a Group or Pool in a member, for a ThreadPool in one of
    // its OS threads. Returns: an input range of the results, in the order of the input (imap_unordered: in the order
    // of the jobs' ends). Several inputs are walked side by side, until one ends.
    //
    // Lazy: a green thread walks the input, at most `window` items ahead of the consumer. Items are copied (moved, from
    // a range of rvalues) into their jobs; all jobs call one copy of f. The Group, and an input given as an lvalue,
    // must outlive the imap. See Imap for errors, which end neither the jobs nor the walk. Does not yield; reading the
    // range does. Throws: HubBlocked in a callback of the hub; as spawn.
    template <class F, std::ranges::input_range... Ranges>
    auto imap(F&& f, Ranges&&... inputs) {
        return imap(ImapBraces{.where = {}}, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }
    template <class F, std::ranges::input_range... Ranges>
    auto imap(const ImapBraces& options, F&& f, Ranges&&... inputs) {
        return feed<Zip<Ranges...>>(options.options(), true, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }
    template <class F, std::ranges::input_range... Ranges>
    auto imap(const ImapCall& call, F&& f, Ranges&&... inputs) {
        return feed<Zip<Ranges...>>(call.options(), true, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }
    template <class F, std::ranges::input_range... Ranges>
    auto imap_unordered(F&& f, Ranges&&... inputs) {
        return imap_unordered(ImapBraces{.where = {}}, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }
    template <class F, std::ranges::input_range... Ranges>
    auto imap_unordered(const ImapBraces& options, F&& f, Ranges&&... inputs) {
        return feed<Zip<Ranges...>>(options.options(), false, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }
    template <class F, std::ranges::input_range... Ranges>
    auto imap_unordered(const ImapCall& call, F&& f, Ranges&&... inputs) {
        return feed<Zip<Ranges...>>(call.options(), false, std::forward<F>(f), std::forward<Ranges>(inputs)...);
    }

    // imap over a range of tuples: calls f(a, b) for each.
    template <class F, std::ranges::input_range Range>
    auto starmap(F&& f, Range&& input) {
        return starmap(ImapBraces{.where = {}}, std::forward<F>(f), std::forward<Range>(input));
    }
    template <class F, std::ranges::input_range Range>
    auto starmap(const ImapBraces& options, F&& f, Range&& input) {
        return feed<Star<Range>>(options.options(), true, std::forward<F>(f), std::forward<Range>(input));
    }
    template <class F, std::ranges::input_range Range>
    auto starmap(const ImapCall& call, F&& f, Range&& input) {
        return feed<Star<Range>>(call.options(), true, std::forward<F>(f), std::forward<Range>(input));
    }

    // imap that waits for all results. Returns: a vector of them; nothing if f returns nothing. Yields.
    // Throws: the first error, in the order of the input; Interrupt. The jobs that still run are then killed.
    template <class F, std::ranges::input_range... Ranges>
    auto map(F&& f, Ranges&&... inputs) {
        auto all =
            imap(ImapBraces{.window = unbounded, .where = {}}, std::forward<F>(f), std::forward<Ranges>(inputs)...);
        return collect(all);
    }

private:
    template <class Source, class F, class... Ranges>
    auto feed(const ImapOptions& options, bool ordered, F&& f, Ranges&&... inputs) {
        check_applicable<Source, F>();
        if constexpr (applicable<std::decay_t<F>, typename Source::Arguments>) {
            refuse_empty(f);
            return static_cast<Derived*>(this)->feed(options, ordered, std::forward<F>(f),
                                                     Source(std::forward<Ranges>(inputs)...));
        } else {
            return Imap<void>(nullptr);
        }
    }

    template <class R>
    static auto collect(Imap<R>& all) {
        if constexpr (std::is_void_v<R>) {
            while (all.next()) {
            }
        } else {
            std::vector<R> results;
            while (auto result = all.next()) {
                results.push_back(*std::move(result));
            }
            return results;
        }
    }
};

}  // namespace detail
}  // namespace tendril
