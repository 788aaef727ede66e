// SPDX-License-Identifier: MIT
//
// TaskTable: the keys and values of a TaskGraph, and how a task finds those that it needs. Not for users.

#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/pool/task_key.hpp>
#include <tendril/detail/pool/task_node.hpp>
#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>

namespace tendril::detail {

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
    using Nodes = std::vector<TaskNode*>;
    using State = TaskNode::State;

    class Inputs;
    class Each;

    explicit TaskTable(std::size_t limit) : tasks(limit) {}

    Node& node(const K& key) {
        tasks.check_thread();
        const auto found = nodes_.lower_bound(key);
        if (found != nodes_.end() && !nodes_.key_comp()(key, found->first)) {
            return *found->second;
        }
        const auto made = nodes_.emplace_hint(found, key, nullptr);
        try {
            made->second = std::make_unique<Node>(tasks, made->first);
        } catch (...) {
            nodes_.erase(made);
            throw;
        }
        return *made->second;
    }

    template <class Keys>
    Nodes nodes(const Keys& keys) {
        Nodes found;
        for (const K& key : keys) {
            found.push_back(&node(key));
        }
        return found;
    }

    template <class F>
    Nodes nodes_where(F wanted) {
        tasks.check_thread();
        Nodes found;
        for (const auto& [key, each] : nodes_) {
            if (wanted(*each)) {
                found.push_back(each.get());
            }
        }
        return found;
    }

    Nodes known() {
        return nodes_where([](const Node& n) { return n.state != State::unknown; });
    }
    void clear() noexcept { nodes_.clear(); }  // of no use afterwards

    static std::vector<K> keys(const Nodes& nodes) {
        std::vector<K> found;
        for (const TaskNode* each : nodes) {
            found.push_back(static_cast<const Node*>(each)->key);
        }
        return found;
    }

    template <class Keys, class F, class... A>
    void launch(TaskKey<K> key, const Keys& needs, bool early, F&& f, A&&... args) {
        Node& task = node(key.key);
        Nodes needed = nodes(needs);
        tasks.check_new(task, needed);
        auto work = [this, &task, early, f = std::decay_t<F>(std::forward<F>(f)),
                     args = std::tuple<std::decay_t<A>...>(std::forward<A>(args)...)]() mutable {
            try {
                TaskArrivals arrivals(tasks, task.needs);
                TaskSlot slot(tasks, arrivals);
                for (std::size_t i = 0; !early && i < arrivals.size(); ++i) {
                    slot.arrival(i);
                }
                slot.take();
                const Inputs inputs(*this, task, slot, arrivals.size());
                task.value.emplace(call(std::move(f), inputs, std::move(args)));
                task.has_value = true;
            } catch (...) {
                task.take_exception();
            }
        };
        tasks.begun(task, std::move(needed), spawn({.name = task.text, .where = key.where}, std::move(work)));
    }

    // Waits. Throws: TimeoutError; PropagateError.
    static const Node& arrival(TaskArrivals& arrivals, std::size_t i, Deadline deadline) {
        TaskNode* node = arrivals.at(i, "a value of a TaskGraph", deadline);
        if (node == nullptr) {
            throw TimeoutError("waiting for a value of a TaskGraph", i);
        }
        return outside(*node);
    }
    static const Node& outside(TaskNode& node) {
        if (node.state == State::failed) {
            node.origin->seen = true;
            node.throw_failure();
        }
        return static_cast<const Node&>(node);
    }

    std::map<K, V, Less> gather(Nodes wanted, Deadline deadline) {
        std::map<K, V, Less> found;
        TaskArrivals arrivals(tasks, std::move(wanted));
        for (std::size_t i = 0; i < arrivals.size(); ++i) {
            const Node& each = arrival(arrivals, i, deadline);
            found.emplace(each.key, *each.value);
        }
        return found;
    }

    TaskSet tasks;

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

    std::map<K, std::unique_ptr<Node>, Less> nodes_;  // never fewer
};

template <class K, class V, class Less>
class TaskTable<K, V, Less>::Inputs {
public:
    using Entry = std::pair<const K&, const V&>;

    Inputs(TaskTable& table, const Node& task, TaskSlot& slot, std::size_t size) noexcept
        : table_(table), task_(task), slot_(slot), size_(size) {}
    Inputs(const Inputs&) = delete;

    const K& key() const noexcept { return task_.key; }
    std::size_t size() const noexcept { return size_; }

    const V& operator[](const K& key) const {
        TaskNode& wanted = table_.node(key);
        if (std::find(task_.needs.begin(), task_.needs.end(), &wanted) == task_.needs.end()) {
            throw std::invalid_argument("task \"" + task_.text + "\" asks for \"" + wanted.text +
                                        "\", which is not among those that it was spawned to need");
        }
        slot_.await(wanted);
        return *static_cast<const Node&>(wanted).value;
    }

    Entry entry(std::size_t i) const {
        const auto& node = static_cast<const Node&>(slot_.arrival(i));
        return {node.key, *node.value};
    }
    TaskIterator<Inputs> begin() const noexcept { return TaskIterator<Inputs>(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    TaskTable& table_;
    const Node& task_;
    TaskSlot& slot_;
    std::size_t size_;
};

template <class K, class V, class Less>
class TaskTable<K, V, Less>::Each {
public:
    using Entry = std::pair<const K&, const V&>;

    Each(TaskSet& tasks, Nodes nodes, Deadline deadline) : arrivals_(tasks, std::move(nodes)), deadline_(deadline) {}

    std::size_t size() const noexcept { return arrivals_.size(); }
    Entry entry(std::size_t i) const {
        const Node& node = arrival(arrivals_, i, deadline_);
        return {node.key, *node.value};
    }
    TaskIterator<Each> begin() const noexcept { return TaskIterator<Each>(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    mutable TaskArrivals arrivals_;  // a range that is looked at is not changed, though it waits
    Deadline deadline_;
};

}  // namespace tendril::detail
