// SPDX-License-Identifier: MIT
// Floor: pool
//
// Pool: a Group with a bound on the number of members that run at once. A caller that would spawn one more waits.
//
//     Pool pool(100);
//     for (TcpSocket& client : clients) pool.spawn_n(serve_one, std::move(client));
//     pool.wait_all();
//     for (std::string& page : pool.imap(fetch, urls)) show(page);       // 100 at a time, in the order of urls
//
// A freed slot goes to the first waiter. A member that spawns into its own full Pool does not wait for a slot, since
// that wait might never end: the job runs in the member's slot, and has ended when spawn() returns. A member that waits
// for an imap of its own Pool lends its slot meanwhile. Examples: examples/pool.cpp, examples/pool_imap.cpp

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <tendril/deadline.hpp>
#include <tendril/detail/hub/spawn.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/size.hpp>

namespace tendril {

class Pool : public detail::GroupFace {
public:
    // Throws: std::invalid_argument for a negative size. A Pool of 0 runs nothing until it is resized.
    explicit Pool(Size size = 1000) noexcept : GroupFace("a Pool", size) {}

    // As ~Group(): joins the members, or kills and joins them. Yields.
    ~Pool() = default;

    // Spawns if a slot is free. Returns: the handle; nothing if no slot is free, and the arguments are untouched. Never
    // yields. Throws: as tendril::spawn.
    template <class F, class... A>
    auto try_spawn(const detail::SpawnBraces& options, F&& f, A&&... args) {
        return try_spawn(detail::SpawnCall(options.options(), options.where), std::forward<F>(f),
                         std::forward<A>(args)...);
    }
    template <class F, class... A>
    auto try_spawn(const detail::SpawnCall& call, F&& f, A&&... args) {
        detail::CrewPlace place = try_enter();
        using Handle =
            decltype(detail::launch<Greenlet>(call.options(), nullptr, std::forward<F>(f), std::forward<A>(args)...));
        std::optional<Handle> greenlet;
        if (place) {
            greenlet.emplace(
                detail::launch<Greenlet>(call.options(), nullptr, std::forward<F>(f), std::forward<A>(args)...));
            place.admit(*greenlet);
        }
        return greenlet;
    }
    template <detail::Function F, class... A>
    auto try_spawn(F&& f, A&&... args) {
        return try_spawn(detail::SpawnBraces{.where = {}}, std::forward<F>(f), std::forward<A>(args)...);
    }

    // join() under eventlet's name.
    bool wait_all() { return join(); }
    [[nodiscard("it says whether all ended in time")]] bool wait_all(Deadline deadline) { return join(deadline); }

    // Waits for a free slot and does not take it. Returns: false if the deadline came first. Yields: unless one is
    // free.
    // Throws: Interrupt.
    bool wait_available();
    [[nodiscard("it says whether there is one")]] bool wait_available(Deadline deadline);

    std::size_t running() const noexcept;                           // slots in use, without those lent
    std::size_t waiting() const noexcept;                           // green threads that wait for a slot
    std::size_t capacity() const noexcept;                          // how many may run at once
    bool full() const noexcept { return running() >= capacity(); }  // whether spawn() would wait

    // Returns: the number of free slots; negative after the Pool was made smaller than the number in use.
    std::ptrdiff_t free() const noexcept {
        constexpr std::size_t most = PTRDIFF_MAX;
        return static_cast<std::ptrdiff_t>(capacity() < most ? capacity() : most) -
               static_cast<std::ptrdiff_t>(running());
    }

    // Sets the number of slots. Growing lets waiting spawners in; shrinking ends no member. Never yields.
    // Throws: std::invalid_argument for a negative size; WrongThread.
    void resize(Size size);

private:
    detail::CrewPlace try_enter();
};

}  // namespace tendril
