// SPDX-License-Identifier: MIT
// Floor: pool
//
// TaskGraph: results by key. A green thread of its own makes each result, once the results that it depends on are
// there.
//
//     TaskGraph<std::string, int> graph;
//     graph.spawn("sum", {"a", "b"}, [](const auto& in) { return in["a"] + in["b"]; });
//     graph.spawn("a", {}, [] { return 1; });
//     graph.post("b", 2);
//     graph.get("sum");                            // 3
//
// A failure fails all tasks that depend on it, with a PropagateError. When the graph is destroyed, each failure that no
// caller has asked for is reported to the hub's error handler. For the green threads of one hub; calls from another one
// throw WrongThread. Example: examples/task_graph.cpp

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

// The key already has a task or a value.
class Collision : public std::invalid_argument {
public:
    Collision(const std::string& key, const char* instead);  // for the library: the key, and what to do instead
};

// Thrown to a caller that asks for a failed key. The error itself is nested in it: std::rethrow_if_nested(e). For a
// task that was killed, the error is a GreenletKilled.
class PropagateError : public std::runtime_error, public std::nested_exception {
public:
    const std::string& key() const noexcept { return key_; }    // as text: the key whose own error it was
    const std::string& path() const noexcept { return path_; }  // from the key that was asked for: "c -> b -> a"

private:
    friend struct detail::TaskNode;
    PropagateError(std::string key, std::string path);
    std::string key_;
    std::string path_;
};

// K: ordered by Less; messages show it by std::to_string or operator<<. V: nothrow movable.
template <class K, class V, class Less = std::less<K>>
class TaskGraph {
    static_assert(std::is_nothrow_move_constructible_v<V>, "values of a TaskGraph must be nothrow movable");
    using Table = detail::TaskTable<K, V, Less>;
    using Node = typename Table::Node;
    using State = detail::TaskNode::State;

public:
    // The const argument of a task. key() is the task's own key; inputs[key] is the value of a dependency; size() is
    // the number of dependencies; for (const auto& [key, value] : inputs) visits them in the order in which they
    // completed. References into it are valid as long as the graph. Yields: only in spawn_early's form, for a value
    // that is not yet there. Throws: PropagateError if the dependency has failed; std::invalid_argument for a key that
    // is not a dependency of the task; Interrupt.
    using Inputs = typename Table::Inputs;
    // Ranges, as wait_each(), wait_each_success() and wait_each_exception() make them.
    using Each = typename Table::Each;
    using Successes = typename Table::template Only<false>;
    using Failures = typename Table::template Only<true>;

    // limit: how many tasks run at once; tasks that wait for dependencies do not count.
    // Throws: std::invalid_argument for 0 or less.
    explicit TaskGraph(Size limit = unbounded) : table_(limit) {}
    // Begins with these values, also out of a std::map. Throws: Collision for a key that appears twice.
    TaskGraph(std::initializer_list<std::pair<K, V>> values, Size limit = unbounded) : table_(limit) {
        post_all(values);
    }
    template <detail::PairsOf<K, V> Values>
    explicit TaskGraph(const Values& values, Size limit = unbounded) : table_(limit) {
        post_all(values);
    }
    TaskGraph(const TaskGraph&) = delete;
    TaskGraph& operator=(const TaskGraph&) = delete;

    // Waits for the end of all tasks, under a Shield; kills them first if an exception leaves the scope. Yields. If the
    // tasks wait for values that nothing can post any more (a LoopExit), reports that to the hub's error handler, and
    // kills them. Waiters for a value from outside get a std::logic_error. Requires: not called in one of its tasks.
    ~TaskGraph() { detail::end_tasks(table_.tasks(), std::uncaught_exceptions() > uncaught_); }

    // Spawns a green thread for the key, named after it. Once all values that it needs are there, and there is room
    // under the limit, f(inputs, args...) makes the value of the key, or f(args...) if f does not take the inputs. The
    // values that it needs may be posted or spawned later. Never yields. Throws: Collision if the key has a task or a
    // value; std::invalid_argument if the task would wait for itself, naming the cycle; as tendril::spawn.
    template <class F, class... A>
    void spawn(detail::TaskKey<K> key, std::initializer_list<K> needs, F&& f, A&&... args) {
        table_.launch(std::move(key), needs, false, std::forward<F>(f), std::forward<A>(args)...);
    }
    template <detail::KeysOf<K> Keys, class F, class... A>
    void spawn(detail::TaskKey<K> key, const Keys& needs, F&& f, A&&... args) {
        table_.launch(std::move(key), needs, false, std::forward<F>(f), std::forward<A>(args)...);
    }

    // The same, but f(inputs, args...) begins at once, and waits where it asks its inputs for a value that is not yet
    // there; meanwhile it does not count against the limit. It may catch the PropagateError of a dependency and do
    // without the value.
    template <class F, class... A>
    void spawn_early(detail::TaskKey<K> key, std::initializer_list<K> needs, F&& f, A&&... args) {
        table_.launch(std::move(key), needs, true, std::forward<F>(f), std::forward<A>(args)...);
    }
    template <detail::KeysOf<K> Keys, class F, class... A>
    void spawn_early(detail::TaskKey<K> key, const Keys& needs, F&& f, A&&... args) {
        table_.launch(std::move(key), needs, true, std::forward<F>(f), std::forward<A>(args)...);
    }

    // Calls spawn(key, needs, f, args...) for each pair of key and needs, with copies of f and args; inputs.key() tells
    // f its key. Throws: as spawn; the tasks before that one stay spawned.
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

    // Sets the value of a key. replace: also if it has a value or a failure; references to the old value see the new
    // one, and values made from it stay. Wakes the waiters; never yields. Throws: Collision if the key has a value or a
    // failure and not `replace`, or if its task still runs, unless that calls it itself: the value then counts, and not
    // what the task returns.
    void post(const K& key, V value, bool replace = false) {
        Node& node = table_.node(key);
        node.check_post(replace);
        [[maybe_unused]] const std::optional<V> old(std::move(node.value));  // goes when all is done
        node.value.emplace(std::move(value));
        node.post();
    }

    // The same with a failure in place of the value: who asks for it, or depends on it, gets a PropagateError around
    // `error`. It is not reported if no caller asks. Throws: Collision, as post(); std::invalid_argument for nullptr.
    void post_exception(const K& key, std::exception_ptr error, bool replace = false) {
        table_.node(key).fail(std::move(error), replace);
    }

    // Waits for the value, even if the key is not yet spawned or posted. Returns: a reference that is valid as long as
    // the graph. Yields: unless it is there.
    // Throws: PropagateError if it failed; TimeoutError; std::logic_error for a task's own key; Interrupt.
    const V& get(const K& key, Deadline deadline = never) {
        const detail::TaskArrivalsPtr one = detail::make_arrivals(table_.tasks(), {&table_.node(key)});
        return *Table::value(*one, 0, deadline).value;
    }
    // Never waits. Returns: nullptr if the value is not yet there. Throws: PropagateError if it failed.
    const V* try_get(const K& key) {
        Node& node = table_.node(key);
        node.tell_failure();
        return node.completed() ? &*node.value : nullptr;
    }

    // Waits for the values of these keys; without keys: of all that were spawned or posted. Returns: copies of them.
    // Throws: as get(), for the first that fails.
    template <detail::KeysOf<K> Keys>
    std::map<K, V, Less> wait(const Keys& keys, Deadline deadline = never) {
        return table_.gather(table_.nodes(keys), deadline);
    }
    std::map<K, V, Less> wait(std::initializer_list<K> keys, Deadline deadline = never) {
        return table_.gather(table_.nodes(keys), deadline);
    }
    std::map<K, V, Less> wait(Deadline deadline = never) { return table_.gather(table_.known(), deadline); }

    // The same one by one, in the order in which they complete: for (const auto& [key, value] : graph.wait_each(keys)).
    // An error is thrown where the loop looks at the entry; the next entry can still be asked for.
    template <detail::KeysOf<K> Keys>
    Each wait_each(const Keys& keys, Deadline deadline = never) {
        return Each(table_.tasks(), table_.nodes(keys), deadline);
    }
    Each wait_each(std::initializer_list<K> keys, Deadline deadline = never) {
        return Each(table_.tasks(), table_.nodes(keys), deadline);
    }
    Each wait_each(Deadline deadline = never) { return Each(table_.tasks(), table_.known(), deadline); }

    // The same without the failures, and only the failures: pairs of the key and the PropagateError, which then counts
    // as asked for. Yield where the loop begins and moves on; there too an error is thrown, TimeoutError if the
    // deadline came first or an Interrupt, and begin() goes on where it was. Ranges to be walked once:
    //
    //     for (const auto& [key, error] : graph.wait_each_exception()) log(key, error.what());
    template <detail::KeysOf<K> Keys>
    Successes wait_each_success(const Keys& keys, Deadline deadline = never) {
        return Successes(table_.tasks(), table_.nodes(keys), deadline);
    }
    Successes wait_each_success(std::initializer_list<K> keys, Deadline deadline = never) {
        return Successes(table_.tasks(), table_.nodes(keys), deadline);
    }
    Successes wait_each_success(Deadline deadline = never) {
        return Successes(table_.tasks(), table_.known(), deadline);
    }
    template <detail::KeysOf<K> Keys>
    Failures wait_each_exception(const Keys& keys, Deadline deadline = never) {
        return Failures(table_.tasks(), table_.nodes(keys), deadline);
    }
    Failures wait_each_exception(std::initializer_list<K> keys, Deadline deadline = never) {
        return Failures(table_.tasks(), table_.nodes(keys), deadline);
    }
    Failures wait_each_exception(Deadline deadline = never) {
        return Failures(table_.tasks(), table_.known(), deadline);
    }

    // Waits for the end of all tasks, however they end. Returns: false if the deadline came first.
    // Throws: std::logic_error in one of its tasks; Interrupt.
    bool wait_all(Deadline deadline = never) { return detail::join_tasks(table_.tasks(), deadline); }

    // Kills the task of a key, which also fails the tasks that depend on it, and waits for its end. Does nothing if the
    // key has a value and no task that still runs. Returns: false if the deadline came first. Throws:
    // std::invalid_argument for a key that was not spawned or posted; Interrupt. kill_all() does this to all tasks.
    bool kill(const K& key, Deadline deadline = never) { return table_.node(key).kill(deadline); }
    bool kill_all(Deadline deadline = never) { return detail::kill_tasks(table_.tasks(), deadline); }

    std::size_t running() const noexcept { return detail::running(table_.tasks()); }  // tasks spawned and not ended
    // Those of them that wait for dependencies or the limit.
    std::size_t waiting() const noexcept {
        return detail::waiting(table_.tasks());
    }  // those of them that wait for dependencies or the limit

    // Return keys in the order of Less: those that have a value or failed; those whose task lives; those that the task
    // of `key` still waits for (std::invalid_argument for a key that was not spawned or posted).
    std::vector<K> keys() {
        return table_.keys_where([](const Node& n) { return n.completed(); });
    }
    std::vector<K> running_keys() {
        return table_.keys_where([](const Node& n) { return n.worker && !n.worker.ready(); });
    }
    std::vector<K> waiting_for(const K& key) {
        const Node& task = table_.node(key);
        task.check_known();
        return table_.open_needs(task);
    }

    // Returns: each task that still waits for other keys, with these. For a graph that hangs: keys in there that are
    // not in running_keys() were never spawned or posted.
    std::map<K, std::vector<K>, Less> waiting_for() {
        std::map<K, std::vector<K>, Less> found;
        for (const detail::TaskNode* each :
             table_.nodes_where([](const Node& n) { return n.state == State::spawned; })) {
            const auto& task = static_cast<const Node&>(*each);
            if (std::vector<K> needs = table_.open_needs(task); !needs.empty()) {
                found.emplace(task.key, std::move(needs));
            }
        }
        return found;
    }

    // Returns: copies of the keys and values that are there. Never waits. Throws: PropagateError if one has failed.
    std::map<K, V, Less> items() {
        return table_.gather(table_.nodes_where([](const Node& n) { return n.completed(); }), never);
    }

private:
    template <class Values>
    void post_all(const Values& values) {
        for (const auto& [key, value] : values) {
            post(key, value);
        }
    }

    int uncaught_ = std::uncaught_exceptions();
    Table table_;
};

}  // namespace tendril
