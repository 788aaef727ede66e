// SPDX-License-Identifier: MIT
//
// Puts a callable onto a new stack. Not for users.

#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <new>
#include <ranges>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/record.hpp>
#include <tendril/detail/hub/record_access.hpp>
#include <tendril/site.hpp>

namespace tendril {

// Options of spawn() and spawn_n().
struct SpawnOptions {
    std::string_view name = {};  // in dumps and reports; copied
    std::size_t stack_size = 0;  // rounded up to a power of two, 32 KiB to 1 GiB; 0: see stack_size.hpp
    bool daemon = false;         // its waits hide neither LoopExit nor idle: see background.hpp
    Site where = {};             // the place named in dumps and reports; empty: that of the call
};

template <class T>
class Greenlet;

namespace detail {

// Options, with the place of the call that they are passed to, if they name none.
//
// A default argument could record the place, but none can follow a variable number of arguments. So the options carry
// it. A variable, a member or a function's result becomes an InCall at the call, and a default argument of that
// conversion records the place. A braced list, {.name = "x"}, can only become an aggregate, whose default member
// initialisers record where the list stands. So each function has two overloads: one takes an InCall, the other such an
// aggregate (SpawnBraces).
template <class Options>
class InCall {
public:
    template <std::derived_from<Options> Given>  // so that a braced list does not become one
    InCall(const Given& given, Site at = Site::here()) noexcept : options_(given) {
        if (options_.where.line == 0) {
            options_.where = at;
        }
    }
    const Options& options() const noexcept { return options_; }

private:
    Options options_;
};

using SpawnCall = InCall<SpawnOptions>;

struct SpawnBraces {
    std::string_view name = {};
    std::size_t stack_size = 0;
    bool daemon = false;
    Site where = Site::here();

    SpawnOptions options() const noexcept {
        return {.name = name, .stack_size = stack_size, .daemon = daemon, .where = where};
    }
};

template <class T>
concept OptionsOfSpawn = std::same_as<T, SpawnOptions> || std::same_as<T, SpawnBraces> || std::same_as<T, SpawnCall>;

// A function to run, as opposed to options.
template <class F>
concept Function = !OptionsOfSpawn<std::decay_t<F>>;

template <class F, class... A>
concept Task = std::invocable<std::decay_t<F>, std::decay_t<A>...> && Function<F>;

// A call that no spawn accepts, for overloads that say so in one line. Not if only its last argument, the place, is
// wrong, nor if options come first, which have overloads of their own.
template <class F, class... A>
concept NoTask = !Task<F, A...> && Function<F> && !(std::is_same_v<std::decay_t<A>, Site> || ...);

template <class F, class... A>
constexpr void refuse_call() {
    static_assert(Task<F, A...>,
                  "tendril: the function cannot be called with these arguments. It gets copies of them, as rvalues: "
                  "let it take them by value or by const&, or pass std::ref(x) to what outlives it");
}

// Stands for a missing result, so that no other error follows.
template <class... T>
struct Anything {
    template <class U>
    operator U() const;
};

template <class R>
inline constexpr bool fits_a_record = alignof(R) <= alignof(std::max_align_t);
template <class R>
requires std::is_void_v<R>
inline constexpr bool fits_a_record<R> = true;

template <class F, class... A>
inline constexpr bool can_be_taken = (std::is_constructible_v<std::decay_t<F>, F> && ... &&
                                      std::is_constructible_v<std::decay_t<A>, A>);

template <class F, class... A>
using ResultOf = std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>;

template <class F, class... A>
struct Closure {
    F function;
    std::tuple<A...> arguments;

    decltype(auto) operator()() {
        return std::apply(
            [this](A&... a) -> decltype(auto) { return std::invoke(std::move(function), std::move(a)...); }, arguments);
    }
};

// Runs (if `run` is false, only destroys) the closure in its green thread.
using Enter = void (*)(void* closure, Record* record, bool run);

template <class C, class R, bool keep_result>
void enter(void* memory, [[maybe_unused]] Record* record, bool run) {
    struct Destroyed {
        C* closure;
        ~Destroyed() { closure->~C(); }
    } closure{static_cast<C*>(memory)};
    if (!run) {
        return;
    }
    if constexpr (!keep_result || std::is_void_v<R>) {
        static_cast<void>((*closure.closure)());
    } else if constexpr (std::is_reference_v<R>) {
        static_cast<Result<R>*>(record)->target = std::addressof((*closure.closure)());
    } else {
        ::new (static_cast<Result<R>*>(record)->memory()) R((*closure.closure)());
    }
}

template <class C>
inline constexpr std::size_t closure_alignment = alignof(C) < 16 ? 16 : alignof(C);

struct Blueprint {
    std::size_t closure_size;
    std::size_t closure_alignment;  // at least the stack's
    Enter enter;
    Record* record;  // may be nullptr
};

// A stack with a green thread that has not begun, and room for its closure. start() makes it ready.
class NewFiber {
public:
    NewFiber(const Blueprint& blueprint, const SpawnOptions& options);
    NewFiber(const NewFiber&) = delete;
    NewFiber& operator=(const NewFiber&) = delete;
    ~NewFiber() {
        if (fiber_ != nullptr) {
            abandon();
        }
    }
    void* closure_memory() const noexcept { return memory_; }
    void start(const Deadline* delay);

private:
    void abandon() noexcept;
    Fiber* fiber_;
    void* memory_;
};

// Refuses a null function pointer, member pointer or std::function now, because nothing could call it later.
[[noreturn]] void refuse_empty_callable();
template <class F>
void refuse_empty(const F& f) {
    if constexpr (!std::is_function_v<F> && requires { static_cast<bool>(f == nullptr); }) {
        if (f == nullptr) {
            refuse_empty_callable();
        }
    }
}

// Makes a green thread that runs f(args...), and a handle of it. Refuses in one line what cannot be called.
template <template <class> class Handle, class F, class... A>
auto launch(const SpawnOptions& options, const Deadline* delay, F&& f, A&&... args) {
    if constexpr (!Task<F, A...>) {
        refuse_call<F, A...>();
        return Handle<void>();
    } else {
        using R = ResultOf<F, A...>;
        using C = Closure<std::decay_t<F>, std::decay_t<A>...>;
        static_assert(!std::is_rvalue_reference_v<R>,
                      "a green thread cannot return an rvalue reference: return the value");
        static_assert(fits_a_record<R>, "results with extended alignment: return a std::unique_ptr");
        static_assert(can_be_taken<F, A...>, "it gets copies of f and args, and one can't be copied: std::move it");
        refuse_empty(f);
        RecordPtr<Record> record(::new (allocate_record(sizeof(Result<R>))) Result<R>);
        NewFiber fiber({sizeof(C), closure_alignment<C>, &enter<C, R, true>, record.get()}, options);
        ::new (fiber.closure_memory()) C{std::forward<F>(f), {std::forward<A>(args)...}};
        fiber.start(delay);
        return HandleMaker::make<Handle<R>>(record.release());
    }
}

template <class F, class... A>
void launch_alone(const SpawnOptions& options, F&& f, A&&... args) {
    if constexpr (!Task<F, A...>) {
        refuse_call<F, A...>();
    } else {
        using R = ResultOf<F, A...>;
        using C = Closure<std::decay_t<F>, std::decay_t<A>...>;
        static_assert(can_be_taken<F, A...>, "it gets copies of f and args, and one can't be copied: std::move it");
        refuse_empty(f);
        RecordPtr<Record> record;  // only to hold a name
        if (!options.name.empty()) {
            record = RecordPtr<Record>(::new (allocate_record(sizeof(Result<void>))) Result<void>);
        }
        NewFiber fiber({sizeof(C), closure_alignment<C>, &enter<C, R, false>, record.get()}, options);
        ::new (fiber.closure_memory()) C{std::forward<F>(f), {std::forward<A>(args)...}};
        fiber.start(nullptr);
    }
}

// spawn and spawn_n without options, for classes that have them with options. A default argument records the place of
// the call. C++ allows one only after a fixed number of arguments; hence an overload for each number up to a few. The
// last of each kind takes any number, and its place is unknown: pass SpawnOptions to set it.
template <class Derived>
class SpawnMembers {
public:
    // Spawns f(args...) in the group, and returns its handle.
    template <class F>
    requires Task<F>
    auto spawn(F&& f, Site at = Site::here()) { return self().spawn(SpawnBraces{.where = at}, std::forward<F>(f)); }
    // Spawns f(args...) in the group, and returns its handle.
    template <class F, class A>
    requires Task<F, A>
    auto spawn(F&& f, A&& a, Site at = Site::here()) {
        return self().spawn(SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a));
    }
    // Spawns f(args...) in the group, and returns its handle.
    template <class F, class A, class B>
    requires Task<F, A, B>
    auto spawn(F&& f, A&& a, B&& b, Site at = Site::here()) {
        return self().spawn(SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b));
    }
    // Spawns f(args...) in the group, and returns its handle.
    template <Function F, class... A>
    auto spawn(F&& f, A&&... args) {
        return self().spawn(SpawnBraces{.where = {}}, std::forward<F>(f), std::forward<A>(args)...);
    }

    // Spawns f(args...) in the group, without a handle.
    template <class F>
    requires Task<F>
    void spawn_n(F&& f, Site at = Site::here()) { self().spawn_n(SpawnBraces{.where = at}, std::forward<F>(f)); }
    // Spawns f(args...) in the group, without a handle.
    template <class F, class A>
    requires Task<F, A>
    void spawn_n(F&& f, A&& a, Site at = Site::here()) {
        self().spawn_n(SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a));
    }
    // Spawns f(args...) in the group, without a handle.
    template <Function F, class... A>
    void spawn_n(F&& f, A&&... args) {
        self().spawn_n(SpawnBraces{.where = {}}, std::forward<F>(f), std::forward<A>(args)...);
    }

private:
    Derived& self() noexcept { return static_cast<Derived&>(*this); }
};

// The handles of a range: pointers into it or, if iterating makes its elements, pointers to copies.
template <class Handle, class Range>
class HandlesOf {
public:
    explicit HandlesOf(Range& range) {
        if constexpr (std::is_lvalue_reference_v<std::ranges::range_reference_t<Range>>) {
            for (const Handle& each : range) {
                pointers_.push_back(&each);
            }
        } else {
            for (const Handle& each : range) {
                copies_.push_back(each);
            }
            for (const Handle& each : copies_) {
                pointers_.push_back(&each);
            }
        }
    }
    const Handle* const* data() const noexcept { return pointers_.data(); }
    std::size_t size() const noexcept { return pointers_.size(); }

private:
    std::vector<Handle> copies_;
    std::vector<const Handle*> pointers_;
};

}  // namespace detail
}  // namespace tendril
