// SPDX-License-Identifier: MIT
// Floor: hub
//
// spawn_after_local: like spawn_after, for work that is of use only while its spawner lives: a warning that a call
// takes long, a retry.
//
//     auto warning = spawn_after_local(5s, [&] { log("still busy"); });     // nothing to undo on any way out
//
// Also with options: spawn_after_local({.name = "warning"}, 5s, f, args...).

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <tendril/greenlet.hpp>

namespace tendril {

namespace detail {

// Cancels `target` at the end of the green thread whose record it observes.
struct CancelAtEnd : Observer {
    AnyGreenlet target;
    CancelAtEnd() noexcept : Observer(&CancelAtEnd::on_end) {}
    static void on_end(Observer& self) noexcept { static_cast<CancelAtEnd&>(self).target.cancel(); }

    static void* operator new(std::size_t size) { return allocate_record(size); }
    static void operator delete(void* memory, std::size_t size) noexcept { free_record(memory, size); }
};

template <class F>
struct BoundToSpawner {
    std::unique_ptr<CancelAtEnd> bond;
    F function;

    template <class... A>
    decltype(auto) operator()(A&&... arguments) {
        bond.reset();  // it has begun: the spawner's end no longer matters
        return std::invoke(std::move(function), std::forward<A>(arguments)...);
    }
};

}  // namespace detail

// spawn_after_local: begins when `delay` has passed, unless the calling green thread ends before, by a value, by an
// error or by a kill: then it is cancelled, and never begins. Once begun, it lives on. In the main green thread, and in
// a callback that runs in the hub, the spawner ends with the hub.
// Returns and throws as spawn_after; cancel() and kill() work as there. Cost: as spawn_after; nothing stays with the
// spawner once it has begun.
template <class F, class... A>
auto spawn_after_local(const detail::SpawnCall& options, Deadline delay, F&& f, A&&... args) {
    if constexpr (!detail::Task<F, A...>) {
        detail::refuse_call<F, A...>();
        return Greenlet<void>();
    } else {
        detail::refuse_empty(f);
        const AnyGreenlet spawner = current();
        auto bond = std::make_unique<detail::CancelAtEnd>();
        // Owned by the new green thread, which has not begun when spawn_after returns.
        detail::CancelAtEnd& observer = *bond;
        auto spawned =
            spawn_after(options, delay, detail::BoundToSpawner<std::decay_t<F>>{std::move(bond), std::forward<F>(f)},
                        std::forward<A>(args)...);
        observer.target = spawned;
        detail::RecordAccess::of(spawner)->observers.push_back(observer);
        return spawned;
    }
}
template <class F, class... A>
auto spawn_after_local(const detail::SpawnBraces& options, Deadline delay, F&& f, A&&... args) {
    return spawn_after_local(detail::SpawnCall(options.options(), options.where), delay, std::forward<F>(f),
                             std::forward<A>(args)...);
}

// Without options, like spawn_after().
template <class F>
requires detail::Task<F>
auto spawn_after_local(Deadline delay, F&& f, Site at = Site::here()) {
    return spawn_after_local(detail::SpawnBraces{.where = at}, delay, std::forward<F>(f));
}
template <class F, class A>
requires detail::Task<F, A>
auto spawn_after_local(Deadline delay, F&& f, A&& a, Site at = Site::here()) {
    return spawn_after_local(detail::SpawnBraces{.where = at}, delay, std::forward<F>(f), std::forward<A>(a));
}
template <detail::Function F, class... A>
auto spawn_after_local(Deadline delay, F&& f, A&&... args) {
    return spawn_after_local(detail::SpawnBraces{.where = {}}, delay, std::forward<F>(f), std::forward<A>(args)...);
}

}  // namespace tendril
