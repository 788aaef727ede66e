// SPDX-License-Identifier: MIT
// Floor: hub
//
// ContextLocal: a variable that a green thread inherits from the one that spawned it, as Python's contextvars. For what
// belongs to a whole job and not to one green thread: a request's id, a user, a trace (http/trace.hpp).
//
//     ContextLocal<std::string> user;
//
//     void handle(const http::Request& request, http::Response& response) {
//         const ContextLocal<std::string>::Scope here(user, name_of(request));
//         pool.map(fetch, urls);       // each of its green threads sees the same user
//         offload(read_database);      // and so does the OS thread that runs this
//     }
//
// A green thread begins with the values that its spawner has at the spawn; later changes on either side are seen by
// that side only. Every kind of spawn inherits: Group, Pool, imap, TaskGraph, a server's handlers (from the green
// thread that called serve). offload() and ThreadPool jobs see the values of the caller. A function that Hub::Remote
// posts, and a callback of an Async, a watcher or a Link, has no values: it belongs to the hub. WorkerProcesses and
// fork(): the child goes on with the values of the green thread that forked.
//
// Values never change, only the variable does, so green threads share them, on other OS threads too: what is const in T
// must be safe to use from several OS threads at once, as it is in the standard library. The last to hold a value
// destroys it, on its own OS thread; the destructor must not wait.
//
// Any OS thread may use a ContextLocal, static or not. It may be destroyed before its values, which then are out of
// reach. Local (local.hpp) is for values that are not inherited.

#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tendril/detail/hub/inherited.hpp>

namespace tendril {

template <class T>
class ContextLocal {
    static_assert(std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T>,
                  "a ContextLocal holds an object: for a reference take a pointer, for an array a std::array");

public:
    // Without a value where none was set.
    ContextLocal() = default;

    // With this one where none was set.
    explicit ContextLocal(T otherwise) : otherwise_(std::make_shared<const T>(std::move(otherwise))) {}

    ContextLocal(const ContextLocal&) = delete;
    ContextLocal& operator=(const ContextLocal&) = delete;

    // This green thread's value. The reference is good until this green thread sets the variable anew, or ends.
    // Throws: std::logic_error if there is none.
    const T& operator*() const {
        const T* there = get_if();
        if (there == nullptr) {
            throw std::logic_error("this ContextLocal has no value in this green thread, nor one for everywhere: set "
                                   "it first, or use get_if()");
        }
        return *there;
    }
    const T* operator->() const { return std::addressof(**this); }

    // Returns: nullptr where there is no value. As good for as long as the reference above.
    const T* get_if() const {
        if (const detail::InheritedPtr& here = detail::inherited_here(); here != nullptr) {
            if (const void* there = here->find(variable_)) {
                return static_cast<const T*>(there);
            }
        }
        return otherwise_.get();
    }

    // Sets it for this green thread, and for those that it spawns from now on. Throws: std::bad_alloc and what making a
    // T throws; then nothing has changed.
    template <class U = T>
    requires std::constructible_from<T, U>
    void set(U&& value) const {
        auto made = std::make_shared<const T>(std::forward<U>(value));  // first: T may make this OS thread's hub
        detail::InheritedPtr& here = detail::inherited_here();
        here = detail::Inherited::with(here, variable_, std::move(made));
    }

    // Back to no value, or the one for everywhere.
    void reset() const {
        detail::InheritedPtr& here = detail::inherited_here();
        here = detail::Inherited::with(here, variable_, nullptr);
    }

    // Sets it, and at the end of the scope sets all ContextLocals of this green thread to what they were before.
    class Scope;

private:
    const std::uint64_t variable_ = detail::next_variable();
    const std::shared_ptr<const T> otherwise_;
};

// The values of all ContextLocals in a green thread, as copy_context() in Python. Copyable, for any OS thread.
class ContextValues {
public:
    // Those of the running green thread.
    static ContextValues current() { return ContextValues(detail::inherited_here()); }
    ContextValues() = default;  // none

    // Calls f(args...) with these values, on this green thread. What it sets is undone afterwards.
    template <class F, class... A>
    requires std::invocable<F, A...> std::invoke_result_t<F, A...> run(F&& f, A&&... args)
    const {
        const Scope scope(*this);
        return std::invoke(std::forward<F>(f), std::forward<A>(args)...);
    }

    // While it lives, on the green thread that made it, these values hold.
    class Scope {
    public:
        // Sets them all until the end of the block.
        explicit Scope(const ContextValues& values)
            : before_(std::exchange(detail::inherited_here(), values.values_)) {}
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
        ~Scope() { detail::inherited_here() = std::move(before_); }

    private:
        detail::InheritedPtr before_;
    };

private:
    explicit ContextValues(detail::InheritedPtr values) noexcept : values_(std::move(values)) {}
    detail::InheritedPtr values_;
};

template <class T>
class ContextLocal<T>::Scope {
public:
    // Sets it until the end of the block.
    template <class U = T>
    requires std::constructible_from<T, U> Scope(const ContextLocal& variable, U&& value)
        : all_(ContextValues::current()) {
        variable.set(std::forward<U>(value));
    }

private:
    ContextValues::Scope all_;
};

}  // namespace tendril
