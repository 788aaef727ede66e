// SPDX-License-Identifier: MIT
// Floor: sync
//
// Local: a variable that has a value of its own in each green thread.
//
//     Local<Request> request;                              // no value anywhere yet
//     Local<Parser> parser([] { return Parser(64); });     // made at its first use in each green thread
//
//     request = read_request(socket);                      // in this green thread
//     log(request->path);                                  // in whatever it calls
//
// A green thread begins without values: what it spawns inherits nothing; pass the value as an argument. The main green
// thread has values as any other. Callbacks of links and Asyncs run in the hub's own green thread, so they share one
// set of values, not that of the green thread they are about; a SpawnHook's callback sees the spawner's. Raw contexts
// use the values of their green thread.
//
// At the end of its green thread a value is destroyed there, on its stack, the youngest first, before anybody who
// waits for that end goes on; by then the green thread's function has returned or was unwound, also by a kill, and is
// gone with its arguments. The age counts from the end of the making, so what an initialiser used is older. The
// destructor may wait; no interrupt comes, as in a Shield. It finds its own Local without a value, and the older ones
// with theirs. What it makes is destroyed next: one that always makes another never ends. Those of the main green
// thread and of callbacks go with the hub, where nothing should be waited for that only a green thread could bring.
//
// Any OS thread may use a Local, static or not: it never changes after its construction, and each green thread sees
// only its own values. Only the initialiser may run in several OS threads at once. A Local may be destroyed before its
// values: they stay until their green threads end, out of reach. So a green thread that lives long should not use many
// that live short.
//
// Examples: examples/local.cpp, examples/session.cpp

#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tendril/detail/sync/local_slot.hpp>
#include <tendril/site.hpp>

namespace tendril {

namespace detail {
void* allocate_record(std::size_t size);
void free_record(void* record, std::size_t size) noexcept;
}  // namespace detail

template <class T>
class Local {
    static_assert(std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T>,
                  "a Local holds an object: for a reference take a pointer, for an array a std::array");

public:
    using Initialiser = std::function<T()>;  // makes the first value of a green thread

    // Without a value until it is set.
    explicit Local(Site where = Site::here()) : slot_(where) {}

    // Called at the first use in each green thread that is not a setting. It may wait. When it throws, there is no
    // value, and the next use calls it again. It must not use this Local.
    // Throws: std::invalid_argument for an empty one.
    explicit Local(Initialiser initialiser, Site where = Site::here())
        : slot_(where), initialiser_(std::move(initialiser)) {
        if (!initialiser_) {
            throw std::invalid_argument("the initialiser given to a Local is empty: leave it out instead");
        }
    }

    Local(const Local&) = delete;
    Local& operator=(const Local&) = delete;

    // Requires: its initialiser does not run.
    ~Local() = default;

    // This green thread's value. The reference is good until reset(), emplace() or its end.
    // Yields, throws: as the initialiser. Throws: std::logic_error that names the green thread when there is no value
    // and no initialiser, or inside the initialiser.
    // Cost: O(Locals that have a value in this green thread), about a nanosecond each while they are few; the making
    // allocates.
    T& operator*() const {
        T* there = get_if();
        return there != nullptr ? *there : make();
    }
    T* operator->() const { return std::addressof(**this); }

    // Never calls the initialiser. Returns: nullptr when there is no value yet.
    T* get_if() const {
        detail::LocalValue* there = slot_.find();
        return there != nullptr ? std::addressof(static_cast<Value*>(there)->value) : nullptr;
    }
    // Returns: whether this green thread has a value.
    bool has_value() const { return slot_.find() != nullptr; }

    // Assigns to the value, which keeps its place and age; the first time, or where T cannot be assigned, as emplace().
    template <class U = T>
    // NOLINTNEXTLINE(misc-unconventional-assign-operator): it changes the value, not the Local
    requires(!std::same_as<std::remove_cvref_t<U>, Local> && std::constructible_from<T, U>) const Local&
    operator=(U&& value) const {
        if constexpr (std::is_assignable_v<T&, U>) {
            if (T* there = get_if()) {
                *there = std::forward<U>(value);
                return *this;
            }
        }
        emplace(std::forward<U>(value));
        return *this;
    }

    // Makes a new value, then destroys the one that was there; when the making throws, that one stays.
    // Yields, throws: as T's constructor and destructor. Throws: std::logic_error inside the initialiser.
    template <class... A>
    requires std::constructible_from<T, A...> T& emplace(A&&... arguments) const {
        slot_.refuse_while_making();
        return keep(new Value(std::in_place, std::forward<A>(arguments)...));
    }

    // Destroys the value now; a no-op without one. Yields: as T's destructor, under a Shield.
    void reset() const { slot_.clear(); }

private:
    // One allocation, from the hub's cache where T is not too large or too much aligned for it.
    struct Value : detail::LocalValue {
        static_assert(std::is_nothrow_destructible_v<T>,
                      "nobody could catch what the destructor throws at the end of a green thread: make it noexcept");
        static constexpr bool from_cache = alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;
        T value;

        template <class... A>
        explicit Value(std::in_place_t, A&&... arguments)
            : LocalValue{nullptr, 0, &Value::destroy_this}, value(std::forward<A>(arguments)...) {}
        explicit Value(const Initialiser& make) : LocalValue{nullptr, 0, &Value::destroy_this}, value(make()) {}

        static void destroy_this(LocalValue* value) noexcept { delete static_cast<Value*>(value); }
        // NOLINTNEXTLINE(misc-new-delete-overloads): its sized delete follows
        static void* operator new(std::size_t size) {
            if constexpr (from_cache) {
                return detail::allocate_record(size);
            } else {
                return ::operator new(size, std::align_val_t(alignof(T)));
            }
        }
        static void operator delete(void* memory, [[maybe_unused]] std::size_t size) noexcept {
            if constexpr (from_cache) {
                detail::free_record(memory, size);
            } else {
                ::operator delete(memory, std::align_val_t(alignof(T)));
            }
        }
    };

    T& keep(Value* fresh) const {
        slot_.put(*fresh);
        return fresh->value;
    }

    T& make() const {
        if (!initialiser_) {
            slot_.refuse_unset();
        }
        const detail::LocalSlot::Making making(slot_);
        return keep(new Value(initialiser_));
    }

    detail::LocalSlot slot_;
    Initialiser initialiser_;
};

}  // namespace tendril
