// SPDX-License-Identifier: MIT
//
// TaskTable: the keys and values of a TaskGraph, and how a task finds those that it needs. Not for users.

#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/pool/task_set.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/site.hpp>

namespace tendril::detail {

// The key of a call, and where that stands: what comes after it in spawn() takes any number of arguments, and so leaves
// no room for a default one.
template <class K>
struct TaskKey {
    K key;
    Site where;

    template <class U>
    requires(std::convertible_to<U, K> && !std::same_as<std::remove_cvref_t<U>, TaskKey>)
        TaskKey(U&& k, Site at = Site::here())   // NOLINT(bugprone-forwarding-reference-overload)
        : key(std::forward<U>(k)), where(at) {}  // implicit on purpose
};

template <class Keys, class K>
concept KeysOf =
    std::ranges::input_range<const Keys> && std::convertible_to<std::ranges::range_reference_t<const Keys>, K>;

template <class Values, class K, class V>
concept PairsOf = std::ranges::input_range<const Values> &&
    requires(std::ranges::range_reference_t<const Values> pair) {
    { pair.first } -> std::convertible_to<K>;
    { pair.second } -> std::convertible_to<V>;
};

// For messages and for the name of the green thread.
template <class K>
std::string key_text(const K& key) {
    if constexpr (std::is_convertible_v<const K&, std::string_view>) {
        return std::string(std::string_view(key));
    } else if constexpr (requires { std::to_string(key); }) {
        return std::to_string(key);
    } else if constexpr (requires(std::ostream & out) { out << key; }) {
        return printed([](std::ostream& out, const void* k) { out << *static_cast<const K*>(k); }, &key);
    } else {
        return "(a key without a text)";
    }
}

template <class K, class V>
struct ValueNode : TaskNode {
    const K& key;
    std::optional<V> value;
    ValueNode(TaskSet& all, const K& k) : TaskNode(all, key_text(k)), key(k) {}
};

// Entries by number, each waited for where it is looked at.
template <class Owner>
class TaskIterator {
public:
    using value_type = typename Owner::Entry;
    using difference_type = std::ptrdiff_t;

    TaskIterator() = default;
    explicit TaskIterator(const Owner& owner) noexcept : owner_(&owner) {}
    value_type operator*() const { return owner_->entry(index_); }
    TaskIterator& operator++() noexcept {
        ++index_;
        return *this;
    }
    void operator++(int) noexcept { ++index_; }
    friend bool operator==(const TaskIterator& it, std::default_sentinel_t) noexcept {
        return it.index_ == it.owner_->size();
    }

private:
    const Owner* owner_ = nullptr;
    std::size_t index_ = 0;
};

template <class K, class V, class Less>
class TaskTable {
public:
    using Node = ValueNode<K, V>;
    class Inputs;
    class Each;
    template <bool failed>
    class Only;

    explicit TaskTable(std::size_t limit) : tasks_(make_tasks(limit)) {}

    TaskSet& tasks() const noexcept { return *tasks_; }

    Node& node(const K& key) {
        check_thread(*tasks_);
        const auto found = nodes_.lower_bound(key);
        if (found != nodes_.end() && !nodes_.key_comp()(key, found->first)) {
            return *found->second;
        }
        const auto made = nodes_.emplace_hint(found, key, nullptr);
        try {
            made->second = std::make_unique<Node>(*tasks_, made->first);
        } catch (...) {
            nodes_.erase(made);
            throw;
        }
        return *made->second;
    }

    template <class Keys>
    TaskNodes nodes(const Keys& keys) {
        TaskNodes found;
        for (const K& key : keys) {
            found.push_back(&node(key));
        }
        return found;
    }

    // In the order of Less.
    template <class F>
    TaskNodes nodes_where(F wanted) {
        check_thread(*tasks_);
        TaskNodes found;
        for (const auto& [key, each] : nodes_) {
            if (wanted(*each)) {
                found.push_back(each.get());
            }
        }
        return found;
    }
    template <class F>
    std::vector<K> keys_where(F wanted) {
        std::vector<K> found;
        for (const TaskNode* each : nodes_where(wanted)) {
            found.push_back(static_cast<const Node*>(each)->key);
        }
        return found;
    }
    // The keys that a task still waits for.
    std::vector<K> open_needs(const Node& task) {
        return keys_where([&](const Node& n) { return !n.completed() && task.has_need(n); });
    }
    TaskNodes known() {
        return nodes_where([](const Node& n) { return n.state != TaskNode::State::unknown; });
    }

    template <class Keys, class F, class... A>
    void launch(TaskKey<K> key, const Keys& needs, bool early, F&& f, A&&... args) {
        Node& task = node(key.key);
        TaskNodes needed = nodes(needs);
        check_new(*tasks_, task, needed);
        auto work = [this, &task, early, f = std::decay_t<F>(std::forward<F>(f)),
                     args = std::tuple<std::decay_t<A>...>(std::forward<A>(args)...)]() mutable {
            auto make = [&](TaskSlot& slot) {
                const Inputs inputs(*this, task, slot);
                V made = call(std::move(f), inputs, std::move(args));
                if (!task.completed()) {  // it may have posted a value, which counts
                    task.value.emplace(std::move(made));
                }
            };
            run_task(
                task, early, [](void* made, TaskSlot& slot) { (*static_cast<decltype(make)*>(made))(slot); }, &make);
        };
        begun(*tasks_, task, std::move(needed), spawn({.name = task.text, .where = key.where}, std::move(work)));
    }

    // Waits. Throws: as detail::arrival().
    static const Node& value(TaskArrivals& arrivals, std::size_t i, Deadline deadline) {
        return static_cast<const Node&>(arrival(arrivals, i, deadline));
    }

    std::map<K, V, Less> gather(TaskNodes wanted, Deadline deadline) {
        std::map<K, V, Less> found;
        const TaskArrivalsPtr arrivals = make_arrivals(*tasks_, std::move(wanted));
        for (std::size_t i = 0; i < arrival_count(*arrivals); ++i) {
            const Node& each = value(*arrivals, i, deadline);
            found.emplace(each.key, *each.value);
        }
        return found;
    }

private:
    template <class F, class... A>
    static V call(F&& f, const Inputs& inputs, std::tuple<A...>&& args) {
        return std::apply(
            [&](A&... a) -> V {
                if constexpr (std::is_invocable_v<F, const Inputs&, A...>) {
                    return std::invoke(std::forward<F>(f), inputs, std::move(a)...);
                } else {
                    static_assert(
                        std::is_invocable_r_v<V, F, A...>,
                        "a task of a TaskGraph is called f(inputs, args...) or f(args...), and returns a value");
                    return std::invoke(std::forward<F>(f), std::move(a)...);
                }
            },
            args);
    }

    TaskSetPtr tasks_;
    std::map<K, std::unique_ptr<Node>, Less> nodes_;  // never fewer
};

template <class K, class V, class Less>
class TaskTable<K, V, Less>::Inputs {
public:
    using Entry = std::pair<const K&, const V&>;

    Inputs(TaskTable& table, const Node& task, TaskSlot& slot) noexcept : table_(table), task_(task), slot_(slot) {}
    Inputs(const Inputs&) = delete;

    const K& key() const noexcept { return task_.key; }
    std::size_t size() const noexcept { return input_count(slot_); }

    const V& operator[](const K& key) const {
        return *static_cast<const Node&>(input(slot_, task_, table_.node(key))).value;
    }

    Entry entry(std::size_t i) const {
        const auto& node = static_cast<const Node&>(input(slot_, i));
        return {node.key, *node.value};
    }
    TaskIterator<Inputs> begin() const noexcept { return TaskIterator<Inputs>(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    TaskTable& table_;
    const Node& task_;
    TaskSlot& slot_;
};

template <class K, class V, class Less>
class TaskTable<K, V, Less>::Each {
public:
    using Entry = std::pair<const K&, const V&>;

    Each(TaskSet& tasks, TaskNodes nodes, Deadline deadline)
        : arrivals_(make_arrivals(tasks, std::move(nodes))), deadline_(deadline) {}

    std::size_t size() const noexcept { return arrival_count(*arrivals_); }
    Entry entry(std::size_t i) const {
        const Node& node = value(*arrivals_, i, deadline_);
        return {node.key, *node.value};
    }
    TaskIterator<Each> begin() const noexcept { return TaskIterator<Each>(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    TaskArrivalsPtr arrivals_;
    Deadline deadline_;
};

// An input range of the completions that are failures, or of those that are not. Walked once: an iterator looks for the
// next one when it is made or moved on.
template <class K, class V, class Less>
template <bool failed>
class TaskTable<K, V, Less>::Only {
public:
    using Entry = std::pair<const K&, std::conditional_t<failed, PropagateError, const V&>>;

    Only(TaskSet& tasks, TaskNodes nodes, Deadline deadline)
        : arrivals_(make_arrivals(tasks, std::move(nodes))), deadline_(deadline) {}

    class Iterator {
    public:
        using value_type = Entry;
        using difference_type = std::ptrdiff_t;

        explicit Iterator(Only& all) : all_(&all) { ++*this; }
        Entry operator*() const {
            auto& node = static_cast<Node&>(*node_);
            if constexpr (failed) {
                return {node.key, failure_of(node)};
            } else {
                return {node.key, *node.value};
            }
        }
        Iterator& operator++() {
            node_ = next_of_kind(*all_->arrivals_, &all_->next_, failed, all_->deadline_);
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept { return it.node_ == nullptr; }

    private:
        Only* all_;
        TaskNode* node_ = nullptr;
    };
    Iterator begin() { return Iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    TaskArrivalsPtr arrivals_;
    std::size_t next_ = 0;
    Deadline deadline_;
};

}  // namespace tendril::detail
