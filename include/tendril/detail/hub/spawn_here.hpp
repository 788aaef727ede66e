// SPDX-License-Identifier: MIT
//
// spawn, spawn_n and spawn_after without options, for greenlet.hpp.
//
// They record the place of the call by a default argument, which C++ allows after a fixed number of arguments only;
// hence an overload for each number up to a few. The last of each kind takes any number, and its place is unknown: pass
// SpawnOptions to have it.

#pragma once

#include <type_traits>
#include <utility>

#include <tendril/greenlet.hpp>

namespace tendril {

template <class F>
requires detail::Task<F>
auto spawn(F&& f, Site at = Site::here()) {
    return spawn(detail::SpawnBraces{.where = at}, std::forward<F>(f));
}
template <class F, class A>
requires detail::Task<F, A>
auto spawn(F&& f, A&& a, Site at = Site::here()) {
    return spawn(detail::SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a));
}
template <class F, class A, class B>
requires detail::Task<F, A, B>
auto spawn(F&& f, A&& a, B&& b, Site at = Site::here()) {
    return spawn(detail::SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b));
}
template <class F, class A, class B, class C>
requires detail::Task<F, A, B, C>
auto spawn(F&& f, A&& a, B&& b, C&& c, Site at = Site::here()) {
    return spawn(detail::SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b),
                 std::forward<C>(c));
}
template <class F, class A, class B, class C, class D, class... E>
requires detail::Task<F, A, B, C, D, E...>
auto spawn(F&& f, A&& a, B&& b, C&& c, D&& d, E&&... e) {
    return spawn(detail::SpawnBraces{.where = {}}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b),
                 std::forward<C>(c), std::forward<D>(d), std::forward<E>(e)...);
}

template <class F>
requires detail::Task<F>
void spawn_n(F&& f, Site at = Site::here()) {
    spawn_n(detail::SpawnBraces{.where = at}, std::forward<F>(f));
}
template <class F, class A>
requires detail::Task<F, A>
void spawn_n(F&& f, A&& a, Site at = Site::here()) {
    spawn_n(detail::SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a));
}
template <class F, class A, class B>
requires detail::Task<F, A, B>
void spawn_n(F&& f, A&& a, B&& b, Site at = Site::here()) {
    spawn_n(detail::SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b));
}
template <class F, class A, class B, class C, class... E>
requires detail::Task<F, A, B, C, E...>
void spawn_n(F&& f, A&& a, B&& b, C&& c, E&&... e) {
    spawn_n(detail::SpawnBraces{.where = {}}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b),
            std::forward<C>(c), std::forward<E>(e)...);
}

template <class F>
requires detail::Task<F>
auto spawn_after(Deadline delay, F&& f, Site at = Site::here()) {
    return spawn_after(detail::SpawnBraces{.where = at}, delay, std::forward<F>(f));
}
template <class F, class A>
requires detail::Task<F, A>
auto spawn_after(Deadline delay, F&& f, A&& a, Site at = Site::here()) {
    return spawn_after(detail::SpawnBraces{.where = at}, delay, std::forward<F>(f), std::forward<A>(a));
}
template <class F, class A, class B, class... E>
requires detail::Task<F, A, B, E...>
auto spawn_after(Deadline delay, F&& f, A&& a, B&& b, E&&... e) {
    return spawn_after(detail::SpawnBraces{.where = {}}, delay, std::forward<F>(f), std::forward<A>(a),
                       std::forward<B>(b), std::forward<E>(e)...);
}

// What cannot be called: they say so, instead of naming all of the above.
template <class F, class... A>
requires detail::NoTask<F, A...> Greenlet<void> spawn(F&&, A&&...) {
    detail::refuse_call<F, A...>();
    return {};
}
template <class F, class... A>
requires detail::NoTask<F, A...> Greenlet<void> spawn(const SpawnOptions&, F&&, A&&...) {
    detail::refuse_call<F, A...>();
    return {};
}
template <class F, class... A>
requires detail::NoTask<F, A...>
void spawn_n(F&&, A&&...) {
    detail::refuse_call<F, A...>();
}
template <class F, class... A>
requires detail::NoTask<F, A...>
void spawn_n(const SpawnOptions&, F&&, A&&...) {
    detail::refuse_call<F, A...>();
}
template <class F, class... A>
requires detail::NoTask<F, A...> Greenlet<void> spawn_after(Deadline, F&&, A&&...) {
    detail::refuse_call<F, A...>();
    return {};
}
template <class F, class... A>
requires detail::NoTask<F, A...> Greenlet<void> spawn_after(const SpawnOptions&, Deadline, F&&, A&&...) {
    detail::refuse_call<F, A...>();
    return {};
}
template <class Number, class F, class... A>
requires std::is_arithmetic_v<Number> Greenlet<void> spawn_after(Number, F&&, A&&...) {
    static_assert(!std::is_arithmetic_v<Number>, "tendril::spawn_after: give the delay a unit, as in 1s or 20ms");
    return {};
}

}  // namespace tendril
