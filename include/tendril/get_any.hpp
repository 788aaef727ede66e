// SPDX-License-Identifier: MIT
// Floor: sync
//
// get_any: an item from whichever of several queues has one first: what `select` is in Go.
//
//     auto item = get_any(jobs, signals);                        // a std::variant: item.index() says from which queue
//     if (item.index() == 0) work(std::get<0>(item)); else ...
//
//     auto [which, reply] = get_any(replies, 5s);              // a range of queues of one type, or of pointers to them
//
// Queues, LifoQueues, PriorityQueues, Joinable ones, Channels, SharedQueues, and types of your own, in any mixture.
// Exactly one item is taken. When several have one, which comes first is another one each time, so none is preferred
// for long. While it waits it stands in the line of each queue like other getters, first come, first served; at a
// SharedQueue it is told that there is something, and another getter may be faster. A kill or a deadline that comes
// first takes nothing.
//
// A queue that is shut down and empty has nothing more to give: get_any() then throws ShutDown, once none of the others
// has an item, so that a queue may be the sign to stop; to go on with the others, leave that queue out.
//
// A type of your own takes part when it is Waitable (notifier.hpp says how) and has value_type and try_get(), which
// returns a std::optional<value_type> and does not wait; is_shut_down(), if it has that, says that no item will come.
// Of it too get_any() is told that there is something, and another getter may be faster.
// Example: examples/get_any.cpp

#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/choice.hpp>
#include <tendril/wait.hpp>

namespace tendril {

namespace detail {

// Has lines of getters in which get_any() can stand.
template <class Q>
concept LinesUp = requires(Q& queue, Choice& choice, void* slot) {
    queue.line_up(choice, slot);
};

template <class Q>
concept Gettable = (LinesUp<Q> || Waitable<Q>)&&requires(Q& queue) {
    typename Q::value_type;
    { queue.try_get() } -> std::same_as<std::optional<typename Q::value_type>>;
};

template <Gettable Q>
bool shut_down(const Q& queue) {
    if constexpr (requires {
                      { queue.is_shut_down() } -> std::convertible_to<bool>;
                  }) {
        return queue.is_shut_down();
    } else {
        return false;
    }
}

template <Gettable Q>
void line_up(Q& queue, Choice& choice, void* slot) {
    if constexpr (LinesUp<Q>) {
        queue.line_up(choice, slot);
    } else if (Observer& observer = choice.observer(); queue.ready()) {
        observer.notify(observer);
    } else {
        queue.observe(observer);
    }
}

template <Gettable Q>
ChoiceSource choice_source(Q& queue, std::optional<typename Q::value_type>& slot) noexcept {
    using Slot = std::optional<typename Q::value_type>;
    return {std::addressof(queue), std::addressof(slot),
            [](void* q, void* s) {
                std::optional<typename Q::value_type> item = static_cast<Q*>(q)->try_get();
                if (!item) {
                    return false;
                }
                static_cast<Slot*>(s)->emplace(*std::move(item));
                return true;
            },
            [](void* q) { return shut_down(*static_cast<const Q*>(q)); },
            [](void* q, Choice& choice, void* s) { detail::line_up(*static_cast<Q*>(q), choice, s); }};
}

template <class... Queues>
std::optional<std::variant<typename Queues::value_type...>> choose(const Deadline* deadline, Queues&... queues) {
    using Item = std::variant<typename Queues::value_type...>;
    std::tuple<std::optional<typename Queues::value_type>...> slots;
    std::optional<Item> item;
    [&]<std::size_t... i>(std::index_sequence<i...>) {
        const ChoiceSource sources[] = {choice_source(queues, std::get<i>(slots))...};
        const std::size_t which = Choice::make(sources, sizeof...(Queues), deadline);
        ((which == i ? static_cast<void>(item.emplace(std::in_place_index<i>, *std::move(std::get<i>(slots))))
                     : void()),
         ...);
    }
    (std::index_sequence_for<Queues...>());
    return item;
}

template <class E>
struct QueueOf {
    using type = std::remove_cvref_t<decltype(*std::declval<E&>())>;
};
template <Gettable E>
struct QueueOf<E> {
    using type = E;
};

template <class Range>
concept RangeOfQueues = std::ranges::input_range<Range> && !Gettable<std::remove_cvref_t<Range>> &&
                        Gettable<typename QueueOf<std::ranges::range_value_t<Range>>::type>;

template <class Range>
auto choose_of(Range& range, const Deadline* deadline) {
    using Q = typename QueueOf<std::ranges::range_value_t<Range>>::type;
    std::optional<typename Q::value_type> slot;
    std::vector<ChoiceSource> sources;
    for (auto&& each : range) {
        if constexpr (Gettable<std::remove_cvref_t<decltype(each)>>) {
            sources.push_back(choice_source(each, slot));
        } else {
            if (!static_cast<bool>(each)) {
                refuse_null_pointer();
            }
            sources.push_back(choice_source(*each, slot));
        }
    }
    if (sources.empty()) {
        refuse_no_queue();
    }
    const std::size_t which = Choice::make(sources.data(), sources.size(), deadline);
    using Item = std::pair<std::size_t, typename Q::value_type>;
    return slot ? std::optional<Item>(std::in_place, which, *std::move(slot)) : std::nullopt;
}

}  // namespace detail

// Waits until one of the queues has an item and takes it. Returns: the item; its index() is the queue's position.
// Throws: ShutDown when one is shut down and no other has an item; Interrupt: nothing is taken. Yields: unless one has.
template <detail::Gettable... Queues>
requires(sizeof...(Queues) > 0) auto get_any(Queues&... queues) {
    const Deadline deadline = never;
    return *detail::choose(&deadline, queues...);
}

// The same with a deadline, get_any(2s, a, b). Throws: Empty when it came first.
template <detail::Gettable... Queues>
requires(sizeof...(Queues) > 0) auto get_any(Deadline deadline, Queues&... queues) {
    return *detail::choose(&deadline, queues...);
}

// The same of a range. Returns: the queue's position, and the item. Throws: std::invalid_argument for an empty range or
// a null pointer.
template <detail::RangeOfQueues Range>
auto get_any(Range&& queues, Deadline deadline = never) {
    return *detail::choose_of(queues, &deadline);
}

// Without waiting. Returns: nothing when none has an item. Throws: ShutDown, as get_any().
template <detail::Gettable... Queues>
requires(sizeof...(Queues) > 0) [[nodiscard]] auto try_get_any(Queues&... queues) {
    return detail::choose(nullptr, queues...);
}
template <detail::RangeOfQueues Range>
[[nodiscard]] auto try_get_any(Range&& queues) {
    return detail::choose_of(queues, nullptr);
}

}  // namespace tendril
