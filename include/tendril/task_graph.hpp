// SPDX-License-Identifier: MIT
// Floor: pool
//
// TaskGraph: results by key, each made by a green thread of its own once those that it depends on are there.
//
//     TaskGraph<std::string, int> graph;
//     graph.spawn("sum", {"a", "b"}, [](const auto& in) { return in["a"] + in["b"]; });
//     graph.spawn("a", {}, [] { return 1; });
//     graph.post("b", 2);
//     graph.get("sum");                            // 3
//
// A failure fails all that depend on it, with a PropagateError. A failed task that nobody has asked for when the graph
// is destroyed is reported to the hub's error handler. For the green threads of one hub. Example:
// examples/task_graph.cpp

#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/pool/task_table.hpp>
#include <tendril/size.hpp>

namespace tendril {

// The key has a task or a value already.
class Collision : public std::invalid_argument {
public:
    Collision(const std::string& key, const char* instead);
};

// What asking for a failed key throws. The error itself is nested in it: std::rethrow_if_nested(e); for a task that was
// killed that is a GreenletKilled.
class PropagateError : public std::runtime_error, public std::nested_exception {
public:
    const std::string& key() const noexcept { return key_; }    // as text: the one whose own error it was
    const std::string& path() const noexcept { return path_; }  // from the one that was asked for: "c -> b -> a"

private:
    friend struct detail::TaskNode;
    PropagateError(std::string key, std::string path);
    std::string key_;
    std::string path_;
};

// K: ordered by Less; in messages it appears as what std::to_string or operator<< makes of it. V: nothrow movable.
template <class K, class V, class Less = std::less<K>>
class TaskGraph {
    static_assert(std::is_nothrow_move_constructible_v<V>, "values of a TaskGraph must be nothrow movable");
    using Table = detail::TaskTable<K, V, Less>;
    using Node = typename Table::Node;
    using State = detail::TaskNode::State;

public:
    // What a task gets, const: key() is its own; inputs[key] the value of a dependency; size() how many there are; and
    // for (const auto& [key, value] : inputs) has them in the order in which they completed. A reference into it is
    // good as long as the graph. Yields: in spawn_early's form, for what is not there yet.
    // Throws: PropagateError where one has failed; std::invalid_argument for a key that the task does not need.
    using Inputs = typename Table::Inputs;
    using Each = typename Table::Each;  // a range, as wait_each() makes it

    // limit: how many tasks run at once, those not counted that wait for dependencies.
    // Throws: std::invalid_argument for 0 or less.
    explicit TaskGraph(Size limit = unbounded) : table_(limit) {}
    // Begins with these values. Throws: Collision for a key that comes twice.
    TaskGraph(std::initializer_list<std::pair<K, V>> values, Size limit = unbounded) : table_(limit) {
        for (const auto& [key, value] : values) {
            post(key, value);
        }
    }
    TaskGraph(const TaskGraph&) = delete;
    TaskGraph& operator=(const TaskGraph&) = delete;

    // Waits for the end of all tasks; where it unwinds, kills them first. Under a Shield. When they wait for what
    // nobody can post any more (a LoopExit), says so to the hub's error handler, and kills them. Who waits for a value
    // from outside gets a std::logic_error. Requires: not called in one of its tasks.
    ~TaskGraph() { detail::end_tasks(table_.tasks(), std::uncaught_exceptions() > uncaught_); }

    // A green thread for the key: when all that it needs are there, and there is room under the limit, f(inputs,
    // args...) makes its value, or f(args...) where f does not take the inputs. It is named after the key. What it
    // needs may be posted or spawned later. Throws: Collision when the key is there; std::invalid_argument when it
    // would wait for itself, naming the cycle; as tendril::spawn.
    template <class F, class... A>
    void spawn(detail::TaskKey<K> key, std::initializer_list<K> needs, F&& f, A&&... args) {
        table_.launch(std::move(key), needs, false, std::forward<F>(f), std::forward<A>(args)...);
    }
    template <detail::KeysOf<K> Keys, class F, class... A>
    void spawn(detail::TaskKey<K> key, const Keys& needs, F&& f, A&&... args) {
        table_.launch(std::move(key), needs, false, std::forward<F>(f), std::forward<A>(args)...);
    }

    // The same, but f(inputs, args...) begins at once, and waits where it asks its inputs for what is not there yet; in
    // the meantime it does not count against the limit. It may catch the PropagateError of a dependency and do without.
    template <class F, class... A>
    void spawn_early(detail::TaskKey<K> key, std::initializer_list<K> needs, F&& f, A&&... args) {
        table_.launch(std::move(key), needs, true, std::forward<F>(f), std::forward<A>(args)...);
    }
    template <detail::KeysOf<K> Keys, class F, class... A>
    void spawn_early(detail::TaskKey<K> key, const Keys& needs, F&& f, A&&... args) {
        table_.launch(std::move(key), needs, true, std::forward<F>(f), std::forward<A>(args)...);
    }

    // spawn(key, needs, f, args...) for each pair of key and needs, with copies of f and args; inputs.key() tells f
    // which it is. Throws: as spawn; those before are spawned then.
    template <std::ranges::input_range Tasks, class F, class... A>
    void spawn_many(const Tasks& tasks, const F& f, const A&... args) {
        for (const auto& [key, needs] : tasks) {
            spawn(key, needs, f, args...);
        }
    }
    template <class F, class... A>
    void spawn_many(std::initializer_list<std::pair<K, std::vector<K>>> tasks, const F& f, const A&... args) {
        spawn_many<std::initializer_list<std::pair<K, std::vector<K>>>, F, A...>(tasks, f, args...);
    }

    // Puts a value there. replace: also where there is one, or a failure; references to the old one see the new one,
    // and what was made of it stays. Throws: Collision when it is there, or a task is about to make it.
    void post(const K& key, V value, bool replace = false) {
        Node& node = table_.node(key);
        node.check_post(replace);
        [[maybe_unused]] const std::optional<V> old(std::move(node.value));  // goes when all is done
        node.value.emplace(std::move(value));
        node.post();
    }

    // The value, waited for: also when nobody has spawned or posted it yet. The reference stays good.
    // Throws: PropagateError when it failed; TimeoutError; std::logic_error for a task's own key; Interrupt.
    const V& get(const K& key, Deadline deadline = never) {
        const detail::TaskArrivalsPtr one = detail::make_arrivals(table_.tasks(), {&table_.node(key)});
        return *Table::value(*one, 0, deadline).value;
    }
    // Returns: nullptr when it is not there yet. Throws: PropagateError when it failed.
    const V* try_get(const K& key) {
        Node& node = table_.node(key);
        node.tell_failure();
        return node.completed() ? &*node.value : nullptr;
    }

    // The values of these keys, copied; without keys: of all that were spawned or posted.
    // Throws: as get(), for the first that fails.
    template <detail::KeysOf<K> Keys>
    std::map<K, V, Less> wait(const Keys& keys, Deadline deadline = never) {
        return table_.gather(table_.nodes(keys), deadline);
    }
    std::map<K, V, Less> wait(std::initializer_list<K> keys, Deadline deadline = never) {
        return table_.gather(table_.nodes(keys), deadline);
    }
    std::map<K, V, Less> wait(Deadline deadline = never) { return table_.gather(table_.known(), deadline); }

    // for (const auto& [key, value] : graph.wait_each(keys)): the same one by one, in the order in which they complete.
    // What is thrown is thrown where the entry is looked at; the next can still be asked for.
    template <detail::KeysOf<K> Keys>
    Each wait_each(const Keys& keys, Deadline deadline = never) {
        return Each(table_.tasks(), table_.nodes(keys), deadline);
    }
    Each wait_each(std::initializer_list<K> keys, Deadline deadline = never) {
        return Each(table_.tasks(), table_.nodes(keys), deadline);
    }
    Each wait_each(Deadline deadline = never) { return Each(table_.tasks(), table_.known(), deadline); }

    // Waits for the end of all tasks, however they end. Returns: false when the deadline came first.
    // Throws: std::logic_error in one of its tasks; Interrupt.
    bool wait_all(Deadline deadline = never) { return detail::join_tasks(table_.tasks(), deadline); }

    // Kills the task, which fails what depends on it, and waits for its end. Nothing where the value is there.
    // Returns: false when the deadline came first. Throws: std::invalid_argument for a key that was not spawned or
    // posted; Interrupt.
    bool kill(const K& key, Deadline deadline = never) { return table_.node(key).kill(deadline); }
    bool kill_all(Deadline deadline = never) { return detail::kill_tasks(table_.tasks(), deadline); }

    std::size_t running() const noexcept { return detail::running(table_.tasks()); }  // spawned, and not ended
    std::size_t waiting() const noexcept {
        return detail::waiting(table_.tasks());
    }  // of these: for dependencies or the limit

    // In the order of Less: those that have a value or failed; those whose task runs; what a task waits for still.
    std::vector<K> keys() {
        return table_.keys_where([](const Node& n) { return n.completed(); });
    }
    std::vector<K> running_keys() {
        return table_.keys_where([](const Node& n) { return n.state == State::spawned; });
    }
    std::vector<K> waiting_for(const K& key) {
        const Node& task = table_.node(key);
        return table_.keys_where([&](const Node& n) { return !n.completed() && task.has_need(n); });
    }

private:
    int uncaught_ = std::uncaught_exceptions();
    Table table_;
};

}  // namespace tendril
