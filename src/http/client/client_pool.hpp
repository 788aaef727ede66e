// SPDX-License-Identifier: MIT
//
// ClientPool: a Client's connections. Bounded for each key (an origin, or a proxy) and in total. Lends the idle
// connection that was used last; serves waiters first come, first served.
//
//   1. Every connection, made or being made, has a Place; there are never more Places than the bounds allow.
//   2. An idle connection is whole: no response is under way on it. Before it is lent it is checked, and closed if data
//      has arrived meanwhile.
//   3. While a green thread waits because the total is reached, no connection is idle. While one waits because the
//      bound of a key is reached, no connection of that key is idle.
//   4. In the child of a fork() the pool begins anew: the old connections are the parent's. A Place of the parent's
//      that the child drops closes the connection and counts no more.

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
#include "http/client/authenticator.hpp"
#include "http/client/client_connection.hpp"

namespace tendril::http::detail {

class ClientPool {
public:
    using Connection = std::shared_ptr<ClientConnection>;
    class Place;

    // `any`: an idle connection, if nothing is known against it. `checked`: an idle one that was checked again.
    // `fresh`: only a new one.
    enum class Wanted : std::uint8_t { any, checked, fresh };

    explicit ClientPool(ClientOptions options);

    const ClientOptions& options() const noexcept { return options_; }
    Authenticator& authenticator() noexcept { return authenticator_; }

    // Waits for a place, which holds an idle connection if there is a wanted one. Requires: the pool outlives the
    // place.
    // Throws: TimeoutError; Interrupt; then nothing is taken.
    Place acquire(const Route& route, Wanted wanted, Deadline deadline);

    void close() noexcept;  // for the Client's end: nothing is kept from now on
    void close_idle() noexcept;
    ClientStats stats() const noexcept;

    TlsSession session(const Route& route) const;
    void note_session(const Route& route, TlsSession session);

private:
    struct Waiter {
        Event granted;
        bool served = false;     // and so not in the list any more
        bool has_place = false;  // until the waiter takes it
        Wanted wanted = Wanted::any;
        Connection connection;
        std::uint64_t turn = 0;
    };
    struct Origin {
        std::size_t count = 0;
        std::vector<Connection> idle;  // the last one was used last
        std::list<Waiter*> waiters;
        bool in_use = false;  // by give_back(), which still refers to it
    };
    using Origins = std::map<RouteKey, Origin, RouteLess>;
    struct Waiting;

    bool grant(Origin& origin, Connection& connection, Wanted wanted) noexcept;  // takes a place if there is one now
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
    Authenticator authenticator_;
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

// The right to have one connection. Its destructor gives it back.
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
    void put(Connection made) noexcept;  // holds a new connection from now on
    Connection take() noexcept { return std::move(connection_); }

    void keep() noexcept;  // gives it back whole, to be used again
    void close() noexcept { leave(nullptr); }

private:
    void leave(Connection whole) noexcept;

    ClientPool* pool_;      // nullptr: the place was given back
    Origins::iterator at_;  // valid as long as a place of this origin exists and no fork() comes between
    std::uint64_t generation_;
    Connection connection_;
};

}  // namespace tendril::http::detail
