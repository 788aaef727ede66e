// SPDX-License-Identifier: MIT
//
// spawn, spawn_n and spawn_after without options, for greenlet.hpp.
//
// They record the place of the call by a default argument, which C++ allows after a fixed number of arguments only;
// hence an overload for each number up to a few. The last of each kind takes any number, and its place is unknown: pass
// SpawnOptions to have it.

#pragma once

#include <utility>

#include <tendril/greenlet.hpp>

namespace tendril {

template <class F>
requires detail::Task<F>
auto spawn(F&& f, Site at = Site::here()) {
    return spawn(SpawnOptions{.where = at}, std::forward<F>(f));
}
template <class F, class A>
requires detail::Task<F, A>
auto spawn(F&& f, A&& a, Site at = Site::here()) {
    return spawn(SpawnOptions{.where = at}, std::forward<F>(f), std::forward<A>(a));
}
template <class F, class A, class B>
requires detail::Task<F, A, B>
auto spawn(F&& f, A&& a, B&& b, Site at = Site::here()) {
    return spawn(SpawnOptions{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b));
}
template <class F, class A, class B, class C>
requires detail::Task<F, A, B, C>
auto spawn(F&& f, A&& a, B&& b, C&& c, Site at = Site::here()) {
    return spawn(SpawnOptions{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b),
                 std::forward<C>(c));
}
template <class F, class A, class B, class C, class D, class... E>
requires detail::Task<F, A, B, C, D, E...>
auto spawn(F&& f, A&& a, B&& b, C&& c, D&& d, E&&... e) {
    return spawn(SpawnOptions{.where = {}}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b),
                 std::forward<C>(c), std::forward<D>(d), std::forward<E>(e)...);
}

template <class F>
requires detail::Task<F>
void spawn_n(F&& f, Site at = Site::here()) {
    spawn_n(SpawnOptions{.where = at}, std::forward<F>(f));
}
template <class F, class A>
requires detail::Task<F, A>
void spawn_n(F&& f, A&& a, Site at = Site::here()) {
    spawn_n(SpawnOptions{.where = at}, std::forward<F>(f), std::forward<A>(a));
}
template <class F, class A, class B>
requires detail::Task<F, A, B>
void spawn_n(F&& f, A&& a, B&& b, Site at = Site::here()) {
    spawn_n(SpawnOptions{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b));
}
template <class F, class A, class B, class C, class... E>
requires detail::Task<F, A, B, C, E...>
void spawn_n(F&& f, A&& a, B&& b, C&& c, E&&... e) {
    spawn_n(SpawnOptions{.where = {}}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b), std::forward<C>(c),
            std::forward<E>(e)...);
}

template <class F>
requires detail::Task<F>
auto spawn_after(Deadline delay, F&& f, Site at = Site::here()) {
    return spawn_after(SpawnOptions{.where = at}, delay, std::forward<F>(f));
}
template <class F, class A>
requires detail::Task<F, A>
auto spawn_after(Deadline delay, F&& f, A&& a, Site at = Site::here()) {
    return spawn_after(SpawnOptions{.where = at}, delay, std::forward<F>(f), std::forward<A>(a));
}
template <class F, class A, class B, class... E>
requires detail::Task<F, A, B, E...>
auto spawn_after(Deadline delay, F&& f, A&& a, B&& b, E&&... e) {
    return spawn_after(SpawnOptions{.where = {}}, delay, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b),
                       std::forward<E>(e)...);
}

}  // namespace tendril
