// SPDX-License-Identifier: MIT
// Floor: sync
//
// wait and iwait: for the first, for some or for all of many things: green threads, AsyncResults, Events, Semaphores,
// Locks, Latches, queues, what is shared between OS threads (SharedEvent, SharedSemaphore, SharedQueue), and whatever
// else has ready() and observe(): notifier.hpp says how a type of your own gets them.
//
//     for (Greenlet<Page>& page : iwait(pages)) show(page.get());          // in the order of their ends
//     wait({AnyWaitable(stop), AnyWaitable(work)}, 5s, 1);                 // whichever comes first
//
// Ranges of such things or of pointers to them; the range and its things must outlive the call, or the loop. What is
// ready is told, nothing is taken: a Semaphore that iwait found free may be taken by another.
// Example: examples/wait.cpp

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/observer.hpp>

namespace tendril {

// What wait() and iwait() take. ready(): whether a wait for it would end at once. observe(): when it becomes ready the
// observer is told, once; called only when it is not ready, right after ready(). Both may throw; then so does wait().
template <class T>
concept Waitable = requires(const T& thing, detail::Observer& observer) {
    { thing.ready() } -> std::convertible_to<bool>;
    thing.observe(observer);
};

// A reference to any Waitable, for lists of different ones.
class AnyWaitable {
public:
    // Of a thing that outlives it.
    template <Waitable T>
    requires(!std::same_as<T, AnyWaitable>) explicit AnyWaitable(const T& thing) noexcept
        : thing_(&thing), ready_([](const void* t) -> bool { return static_cast<const T*>(t)->ready(); }),
          observe_([](const void* t, detail::Observer& o) { static_cast<const T*>(t)->observe(o); }) {}
    template <Waitable T>
    requires(!std::same_as<T, AnyWaitable>) explicit AnyWaitable(const T&&) =
        delete;  // it would be gone before it is waited for

    bool ready() const { return ready_(thing_); }  // whether the thing is ready
    void observe(detail::Observer& observer) const { observe_(thing_, observer); }
    // Whether it refers to this thing.
    bool is(const auto& thing) const noexcept { return thing_ == static_cast<const void*>(&thing); }

private:
    const void* thing_;
    bool (*ready_)(const void*);
    void (*observe_)(const void*, detail::Observer&);
};

namespace detail {

// Which of many have become ready, in that order. Unlinks from the others when it is destroyed.
class Arrivals {
public:
    static constexpr std::size_t none = SIZE_MAX;

    explicit Arrivals(std::size_t things);
    Arrivals(Arrivals&&) noexcept;
    Arrivals& operator=(Arrivals&&) noexcept;
    ~Arrivals();

    Observer& observer(std::size_t i) noexcept;
    void arrived(std::size_t i) noexcept;  // ready already

    // Returns: the position of the next; none when all have come, or when the deadline passed first.
    std::size_t next(Deadline deadline, const char* what);

private:
    struct Member;
    struct State;
    std::unique_ptr<State> state_;
};

template <class E>
concept PointsToWaitable = !Waitable<E> && requires(const E& e) {
    { *e } -> Waitable;
};

[[noreturn]] void refuse_null_pointer();
[[noreturn]] void refuse_no_queue();

template <class E>
const auto& waitable(const E& element) {
    if constexpr (Waitable<E>) {
        return element;
    } else {
        if constexpr (std::is_constructible_v<bool, const E&>) {
            if (!static_cast<bool>(element)) {
                refuse_null_pointer();
            }
        }
        return *element;
    }
}

template <class Range>
concept WaitableRange = std::ranges::input_range<Range> &&
    (Waitable<std::ranges::range_value_t<Range>> || PointsToWaitable<std::ranges::range_value_t<Range>>);

// The elements: where they lie; or copies, where the range makes them or may show one after the other in one place.
template <class Range>
struct Elements {
    using Value = std::ranges::range_value_t<Range>;
    static constexpr bool lie_somewhere = std::is_lvalue_reference_v<std::ranges::range_reference_t<Range>> &&
                                          (std::ranges::forward_range<Range> || !std::is_copy_constructible_v<Value>);
    using Item =
        std::conditional_t<lie_somewhere, std::remove_reference_t<std::ranges::range_reference_t<Range>>*, Value>;

    std::vector<Item> items;

    explicit Elements(Range& range) {
        for (auto&& element : range) {
            if constexpr (lie_somewhere) {
                items.push_back(std::addressof(element));
            } else {
                items.push_back(std::forward<decltype(element)>(element));
            }
        }
    }
    auto& operator[](std::size_t i) {
        if constexpr (lie_somewhere) {
            return *items[i];
        } else {
            return items[i];
        }
    }
};

template <class Range>
class Waiting {
public:
    Waiting(Range& range, Deadline deadline, const char* what)
        : elements_(range), arrivals_(elements_.items.size()), deadline_(deadline), what_(what) {
        for (std::size_t i = 0; i < elements_.items.size(); ++i) {
            if (const auto& thing = waitable(elements_[i]); thing.ready()) {
                arrivals_.arrived(i);
            } else {
                thing.observe(arrivals_.observer(i));
            }
        }
    }
    std::size_t size() const noexcept { return elements_.items.size(); }
    std::size_t next() { return arrivals_.next(deadline_, what_); }
    auto& operator[](std::size_t i) { return elements_[i]; }

private:
    Elements<Range> elements_;
    Arrivals arrivals_;
    Deadline deadline_;
    const char* what_;
};

}  // namespace detail

// What iwait() returns: an input range. Walk it once.
template <class Range>
class IWait {
public:
    // Waits for the next thing with each step.
    class Iterator {
    public:
        using difference_type = std::ptrdiff_t;
        using value_type = std::ranges::range_value_t<Range>;

        explicit Iterator(detail::Waiting<Range>& waiting) : waiting_(&waiting), at_(waiting.next()) {}
        auto& operator*() const { return (*waiting_)[at_]; }
        Iterator& operator++() {
            at_ = waiting_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
            return it.at_ == detail::Arrivals::none;
        }

    private:
        detail::Waiting<Range>* waiting_;
        std::size_t at_;
    };

    IWait(Range& range, Deadline deadline) : waiting_(range, deadline, "iwait") {}  // for the library
    Iterator begin() { return Iterator(waiting_); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    detail::Waiting<Range> waiting_;
};

// The elements of a range as they become ready, those that are ready first; ends when all have, or at the deadline.
// Leaving the loop early unlinks from the rest. Moving on yields. Throws: std::logic_error for the running green
// thread among them, std::invalid_argument for a null pointer; WrongThread; moving on: Interrupt, ConcurrentUse.
template <class Range>
requires detail::WaitableRange<Range>
auto iwait(Range& things, Deadline deadline = never) {
    return IWait<Range>(things, deadline);
}

// Waits until `count` of them are ready, at most until the deadline.
// Returns: those that are, in the order in which they became so: copies of handles and pointers. Throws: as iwait().
template <class Range>
requires detail::WaitableRange<Range>
auto wait(Range&& things, Deadline deadline = never, std::size_t count = SIZE_MAX) {
    using Value = std::ranges::range_value_t<Range>;
    constexpr bool copyable = std::is_copy_constructible_v<Value>;
    static_assert(copyable, "wait() returns copies: give it pointers to what cannot be copied");
    if constexpr (copyable) {
        detail::Waiting<std::remove_reference_t<Range>> waiting(things, deadline, "wait");
        std::vector<Value> ready;
        while (ready.size() < count) {
            const std::size_t next = waiting.next();
            if (next == detail::Arrivals::none) {
                break;
            }
            ready.push_back(waiting[next]);
        }
        return ready;
    }
}
template <class T>
requires detail::WaitableRange<std::initializer_list<T>> && std::copy_constructible<T>
auto wait(std::initializer_list<T> things, Deadline deadline = never, std::size_t count = SIZE_MAX) {
    return wait(std::vector<T>(things), deadline, count);
}

}  // namespace tendril
