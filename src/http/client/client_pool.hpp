// SPDX-License-Identifier: MIT
//
// ClientPool: a Client's connections. So many at most for each key (an origin, or a proxy) and in all; the idle one
// that was used last is lent first; who must wait is served first come, first served.
//
//   1. Every connection, made or in the making, has a Place; there are never more than the bounds allow.
//   2. An idle one is whole: no response is under way on it. Before it is lent it is looked at, and closed if anything
//      came meanwhile.
//   3. While anybody waits for want of a place in all, nothing is idle; for want of one of a key, nothing of that key.
//   4. In the child of a fork() it begins anew: what was there is the parent's, and a Place of the parent's that the
//      child drops is closed and counts no more.

#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tendril/event.hpp>
#include <tendril/http/client.hpp>
#include <tendril/tls.hpp>
#include <tendril/watchers.hpp>

#include "base/at_fork.hpp"
#include "http/client/client_connection.hpp"

namespace tendril::http::detail {

class ClientPool {
public:
    using Connection = std::shared_ptr<ClientConnection>;
    class Place;

    // An idle connection, if nothing is known against it; or if it was looked at again; or none, but a new one.
    enum class Wanted : std::uint8_t { any, checked, fresh };

    explicit ClientPool(ClientOptions options);

    const ClientOptions& options() const noexcept { return options_; }

    // Waits for a place, with an idle connection in it where there is one that is wanted. The pool must outlive it.
    // Throws: TimeoutError; Interrupt; nothing is taken then.
    Place acquire(const Route& route, Wanted wanted, Deadline deadline);

    void close() noexcept;  // the Client's end: nothing is kept any more
    void close_idle() noexcept;
    ClientStats stats() const noexcept;

    TlsSession session(const Route& route) const;
    void note_session(const Route& route, TlsSession session);

private:
    struct Waiter {
        Event granted;
        bool served = false;     // and no longer in the list
        bool has_place = false;  // until it takes it
        Wanted wanted = Wanted::any;
        Connection connection;
        std::uint64_t turn = 0;
    };
    struct Origin {
        std::size_t count = 0;
        std::vector<Connection> idle;  // the last one is the latest
        std::list<Waiter*> waiters;
        bool in_use = false;  // by give_back()
    };
    using Origins = std::map<RouteKey, Origin, RouteLess>;
    struct Waiting;

    bool grant(Origin& origin, Connection& connection, Wanted wanted) noexcept;  // a place, if there is one now
    void give_back(Origins::iterator at, Connection connection) noexcept;
    void serve_waiters() noexcept;
    bool evict_oldest() noexcept;
    void drop_idle(Origin& origin, std::size_t n) noexcept;
    void close_idle_since(std::int64_t latest_ns) noexcept;
    void watch_idle() noexcept;
    void forget_if_empty(Origins::iterator at) noexcept;
    bool of_the_parent() const noexcept { return generation_ != tendril::detail::fork_generation(); }
    void mind_fork() noexcept;

    const ClientOptions options_;
    Origins origins_;
    std::size_t total_ = 0;
    std::size_t idle_ = 0;
    std::size_t waiting_ = 0;
    std::uint64_t turns_ = 0;
    std::uint64_t made_ = 0;
    bool closed_ = false;
    std::uint64_t generation_ = tendril::detail::fork_generation();
    std::optional<Timer> timer_;
    std::map<RouteKey, TlsSession, RouteLess> sessions_;
};

// The right to have one connection. Whoever drops it gives it back.
class ClientPool::Place {
public:
    Place(ClientPool& pool, Origins::iterator at, Connection idle) noexcept
        : pool_(&pool), at_(at), generation_(pool.generation_), connection_(std::move(idle)) {}
    Place(Place&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), at_(other.at_), generation_(other.generation_),
          connection_(std::move(other.connection_)) {}
    Place& operator=(Place&&) = delete;
    ~Place() { leave(nullptr); }

    bool has_connection() const noexcept { return connection_ != nullptr; }
    ClientConnection& connection() const noexcept { return *connection_; }
    const Connection& shared() const noexcept { return connection_; }
    void put(Connection made) noexcept;  // a new one
    Connection take() noexcept { return std::move(connection_); }

    void keep() noexcept;  // it is whole, and may be used again
    void close() noexcept { leave(nullptr); }

private:
    void leave(Connection whole) noexcept;

    ClientPool* pool_;      // nullptr: it was given back
    Origins::iterator at_;  // stays as long as somebody has a place of it, and no fork() comes between
    std::uint64_t generation_;
    Connection connection_;
};

}  // namespace tendril::http::detail
