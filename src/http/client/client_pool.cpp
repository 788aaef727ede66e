// SPDX-License-Identifier: MIT

#include "http/client/client_pool.hpp"

#include <algorithm>
#include <stdexcept>

#include <tendril/error.hpp>

#include "base/timed_out.hpp"
#include "http/client/proxy_choice.hpp"
#include "http/message/chars.hpp"
#include "hub/here.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::size_t most_sessions = 256;

ClientOptions checked(ClientOptions options) {
    if (options.per_origin == 0 || options.connections == 0) {
        throw std::invalid_argument("a Client needs at least one connection; leave per_origin and connections out");
    }
    if (!is_field_text(options.user_agent)) {
        throw std::invalid_argument("a control character (a line's end?) in ClientOptions::user_agent");
    }
    check_proxies(options);
    std::map<std::string, Credentials, std::less<>> by_origin;
    for (const auto& [origin, credentials] : options.credentials) {
        const Url url(origin);
        if (url.target() != "/" || url.has_fragment()) {
            throw std::invalid_argument("credentials for " + url.to_string() + ": they are for a whole origin, " +
                                        url.origin());
        }
        by_origin.insert_or_assign(url.origin(), credentials);
    }
    options.credentials = std::move(by_origin);
    return options;
}

}  // namespace

ClientPool::ClientPool(ClientOptions options) : options_(checked(std::move(options))) {}

// Exists while a green thread waits. A place that was granted to it and that it does not take goes to the next waiter.
struct ClientPool::Waiting {
    ClientPool& pool;
    Origins::iterator at;
    Waiter waiter;
    std::list<Waiter*>::iterator place;

    Waiting(ClientPool& p, Origins::iterator origin, Wanted wanted) : pool(p), at(origin) {
        waiter.wanted = wanted;
        waiter.turn = ++pool.turns_;
        place = at->second.waiters.insert(at->second.waiters.end(), &waiter);
        ++pool.waiting_;
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
        --pool.waiting_;
        if (waiter.has_place) {
            pool.give_back(at, std::move(waiter.connection));
        } else if (!waiter.served) {
            at->second.waiters.erase(place);
            pool.forget_if_empty(at);
        }
    }
};

void ClientPool::mind_fork() noexcept {
    if (of_the_parent()) [[unlikely]] {
        generation_ = tendril::detail::fork_generation();
        origins_.clear();
        total_ = idle_ = waiting_ = 0;
        timer_.reset();  // stopped by the fork
        authenticator_.forget();
    }
}

ClientPool::Place ClientPool::acquire(const Route& route, Wanted wanted, Deadline deadline) {
    mind_fork();
    auto at = origins_.find(route);
    if (at == origins_.end()) {
        at = origins_.try_emplace(RouteKey(route)).first;
    }
    if (Connection connection; at->second.waiters.empty() && grant(at->second, connection, wanted)) {
        return Place(*this, at, std::move(connection));
    }
    Waiting waiting(*this, at, wanted);
    static_cast<void>(waiting.waiter.granted.wait(deadline));
    if (!waiting.waiter.has_place) {
        tendril::detail::time_out({.waited_ns = tendril::detail::here::waited_ns()},
                                  [per_origin = options_.per_origin, all = options_.connections] {
                                      return "waiting for one of " + std::to_string(per_origin) +
                                             " connections to an origin, " + std::to_string(all) + " in all";
                                  });
    }
    Place place(*this, at, std::move(waiting.waiter.connection));
    waiting.waiter.has_place = false;
    return place;
}

bool ClientPool::grant(Origin& origin, Connection& connection, Wanted wanted) noexcept {
    while (!origin.idle.empty()) {
        Connection last = std::move(origin.idle.back());
        origin.idle.pop_back();
        --idle_;
        if (wanted != Wanted::fresh && last->quiet(wanted == Wanted::checked)) {
            connection = std::move(last);
            return true;
        }
        --origin.count;
        --total_;
    }
    if (origin.count >= options_.per_origin || (total_ >= options_.connections && !evict_oldest())) {
        return false;
    }
    ++origin.count;
    ++total_;
    return true;
}

void ClientPool::give_back(Origins::iterator at, Connection connection) noexcept {
    Origin& origin = at->second;
    bool kept = false;
    if (connection != nullptr && !closed_ && options_.keep_alive) {
        connection->idle_since_ns = Deadline::now_ns();
        connection->incoming().clear(0);
        try {
            origin.idle.push_back(std::move(connection));
            ++idle_;
            kept = true;
        } catch (const std::bad_alloc&) {  // the connection is closed below
        }
    }
    if (!kept) {
        connection.reset();
        --origin.count;
        --total_;
    }
    origin.in_use = true;  // keeps the origin while serving another waiter closes its idle connection
    serve_waiters();
    origin.in_use = false;
    forget_if_empty(at);
    watch_idle();
}

// Serves the waiter that has waited longest among those that can be served, until none can.
void ClientPool::serve_waiters() noexcept {
    while (waiting_ > 0) {
        Origin* next = nullptr;
        for (auto& [key, origin] : origins_) {
            const bool room = origin.count < options_.per_origin && (total_ < options_.connections || idle_ > 0);
            if (!origin.waiters.empty() && (room || !origin.idle.empty()) &&
                (next == nullptr || origin.waiters.front()->turn < next->waiters.front()->turn)) {
                next = &origin;
            }
        }
        if (next == nullptr) {
            return;
        }
        Waiter& waiter = *next->waiters.front();
        if (grant(*next, waiter.connection, waiter.wanted)) {
            next->waiters.pop_front();
            waiter.has_place = waiter.served = true;
            waiter.granted.set();
        }
    }
}

bool ClientPool::evict_oldest() noexcept {
    auto oldest = origins_.end();
    for (auto at = origins_.begin(); at != origins_.end(); ++at) {
        if (!at->second.idle.empty() && (oldest == origins_.end() || at->second.idle.front()->idle_since_ns <
                                                                         oldest->second.idle.front()->idle_since_ns)) {
            oldest = at;
        }
    }
    if (oldest == origins_.end()) {
        return false;
    }
    drop_idle(oldest->second, 1);
    forget_if_empty(oldest);
    return true;
}

// Closes the first n idle connections, which have been idle longest.
void ClientPool::drop_idle(Origin& origin, std::size_t n) noexcept {
    origin.idle.erase(origin.idle.begin(), origin.idle.begin() + static_cast<std::ptrdiff_t>(n));
    origin.count -= n;
    total_ -= n;
    idle_ -= n;
}

void ClientPool::close_idle_since(std::int64_t latest_ns) noexcept {
    for (auto at = origins_.begin(); at != origins_.end();) {
        const auto here = at++;
        std::vector<Connection>& idle = here->second.idle;
        const auto end = std::find_if(idle.begin(), idle.end(),
                                      [&](const Connection& each) { return each->idle_since_ns > latest_ns; });
        drop_idle(here->second, static_cast<std::size_t>(end - idle.begin()));
        forget_if_empty(here);
    }
}

void ClientPool::close_idle() noexcept {
    mind_fork();
    close_idle_since(INT64_MAX);
    watch_idle();
}

void ClientPool::close() noexcept {
    closed_ = true;
    close_idle();
}

// Keeps a timer armed for the oldest idle connection while there is one.
void ClientPool::watch_idle() noexcept {
    if (idle_ == 0) {
        timer_.reset();
        return;
    }
    if (timer_.has_value() || options_.idle_timeout.is_forever()) {
        return;
    }
    std::int64_t oldest = INT64_MAX;
    for (const auto& [key, origin] : origins_) {
        if (!origin.idle.empty()) {
            oldest = std::min(oldest, origin.idle.front()->idle_since_ns);
        }
    }
    const auto age = std::chrono::nanoseconds(Deadline::now_ns() - oldest);
    try {
        timer_.emplace(
            std::max(std::chrono::nanoseconds(options_.idle_timeout) - age, std::chrono::nanoseconds(0)),
            [this] {
                close_idle_since(Deadline::now_ns() - options_.idle_timeout.count());
                timer_.reset();
                watch_idle();
            },
            TimerOptions{.ref = false});
        // no memory, or the hub is ending: the next connection that becomes idle arms it
    } catch (const std::exception&) {
    }
}

void ClientPool::forget_if_empty(Origins::iterator at) noexcept {
    if (at->second.count == 0 && at->second.waiters.empty() && !at->second.in_use) {
        origins_.erase(at);
    }
}

ClientStats ClientPool::stats() const noexcept {
    return of_the_parent() ? ClientStats{.made = made_} : ClientStats{total_, idle_, waiting_, made_};
}

TlsSession ClientPool::session(const Route& route) const {
    const auto at = sessions_.find(route);
    return options_.resume_sessions && at != sessions_.end() ? at->second : TlsSession();
}

void ClientPool::note_session(const Route& route, TlsSession session) {
    if (!options_.resume_sessions || !session) {
        return;
    }
    if (sessions_.size() >= most_sessions && !sessions_.contains(route)) {
        sessions_.erase(sessions_.begin());
    }
    sessions_.insert_or_assign(RouteKey(route), std::move(session));
}

void ClientPool::Place::put(Connection made) noexcept {
    connection_ = std::move(made);
    ++pool_->made_;
}

void ClientPool::Place::keep() noexcept {
    if (generation_ != tendril::detail::fork_generation()) {
        close();
        return;
    }
    if (connection_->exchanges == 1) {
        try {
            pool_->note_session(at_->first, connection_->session());
        } catch (const std::exception&) {  // the next connection makes a full handshake
        }
    }
    leave(std::move(connection_));
}

void ClientPool::Place::leave(Connection whole) noexcept {
    connection_.reset();
    if (ClientPool* pool = std::exchange(pool_, nullptr);
        pool != nullptr && generation_ == tendril::detail::fork_generation()) {
        pool->give_back(at_, std::move(whole));
    }
}

}  // namespace tendril::http::detail
