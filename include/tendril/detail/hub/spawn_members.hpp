// SPDX-License-Identifier: MIT
//
// spawn and spawn_n without options, for classes that have them with options. Several overloads for the place of the
// call; see spawn_here.hpp for why. Not for users.

#pragma once

#include <utility>

#include <tendril/greenlet.hpp>

namespace tendril::detail {

template <class Derived>
class SpawnMembers {
public:
    template <class F>
    requires Task<F>
    auto spawn(F&& f, Site at = Site::here()) { return self().spawn(SpawnBraces{.where = at}, std::forward<F>(f)); }
    template <class F, class A>
    requires Task<F, A>
    auto spawn(F&& f, A&& a, Site at = Site::here()) {
        return self().spawn(SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a));
    }
    template <class F, class A, class B>
    requires Task<F, A, B>
    auto spawn(F&& f, A&& a, B&& b, Site at = Site::here()) {
        return self().spawn(SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b));
    }
    template <class F, class A, class B, class C, class... D>
    requires Task<F, A, B, C, D...>
    auto spawn(F&& f, A&& a, B&& b, C&& c, D&&... d) {
        return self().spawn(SpawnBraces{.where = {}}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b),
                            std::forward<C>(c), std::forward<D>(d)...);
    }

    template <class F>
    requires Task<F>
    void spawn_n(F&& f, Site at = Site::here()) { self().spawn_n(SpawnBraces{.where = at}, std::forward<F>(f)); }
    template <class F, class A>
    requires Task<F, A>
    void spawn_n(F&& f, A&& a, Site at = Site::here()) {
        self().spawn_n(SpawnBraces{.where = at}, std::forward<F>(f), std::forward<A>(a));
    }
    template <class F, class A, class B, class... C>
    requires Task<F, A, B, C...>
    void spawn_n(F&& f, A&& a, B&& b, C&&... c) {
        self().spawn_n(SpawnBraces{.where = {}}, std::forward<F>(f), std::forward<A>(a), std::forward<B>(b),
                       std::forward<C>(c)...);
    }

    // What cannot be called: they say so, instead of naming all of the above.
    template <class F, class... A>
    requires NoTask<F, A...> Greenlet<void> spawn(F&&, A&&...) {
        refuse_call<F, A...>();
        return {};
    }
    template <class F, class... A>
    requires NoTask<F, A...>
    void spawn_n(F&&, A&&...) { refuse_call<F, A...>(); }

private:
    Derived& self() noexcept { return static_cast<Derived&>(*this); }
};

}  // namespace tendril::detail
