// SPDX-License-Identifier: MIT

#include "net/accept_group.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <optional>

#include <tendril/detail/base/mutex.hpp>
#include <tendril/fd.hpp>
#include <tendril/hub.hpp>
#include <tendril/shared_queue.hpp>
#include <tendril/shared_semaphore.hpp>
#include <tendril/shield.hpp>

#include "base/at_fork.hpp"
#include "base/plain_thread.hpp"
#include "base/signals_blocked.hpp"
#include "net/socket_access.hpp"

namespace tendril::detail {

namespace {

StreamServerOptions checked(StreamServerOptions options) {
    if (options.pool != nullptr && options.hubs != 1) {
        throw std::invalid_argument("a Pool belongs to one hub: serve() with hubs > 1 takes a concurrency instead");
    }
    if (options.concurrency == 0 && options.pool == nullptr) {
        throw std::invalid_argument("serve() with a concurrency of 0 would never call a handler");
    }
    if (options.max_accept == 0) {
        throw std::invalid_argument("serve() with a max_accept of 0 would never accept: the least is 1");
    }
    if (options.min_delay <= Duration() || options.max_delay < options.min_delay) {
        throw std::invalid_argument("serve() pauses for min_delay first, then up to max_delay: min_delay must be above "
                                    "0, and max_delay not less");
    }
    if (!options.proxy_sources.empty() && options.proxy_protocol == ProxyProtocol::off) {
        throw std::invalid_argument("proxy_sources without proxy_protocol: set it to ProxyProtocol::required");
    }
    StackPool::check_size(options.stack_size);
    options.hubs = options.hubs == 0 ? std::max(1u, sys::processors()) : options.hubs;
    return options;
}

}  // namespace

// The hubs of a group, and what they share. The first member is the hub that runs the group.
class AcceptGroup::Team {
public:
    Team(const Listener& listener, ConnectionHandler handler, const StreamServerOptions& options)
        : handler_(std::move(handler)), options_(options), address_(listener.address()),
          listen_options_(SocketAccess::options_of(listener)) {
        listen_options_.reuse_port = true;
        int shared = 0;
        sys::get_option(listener.fd(), SOL_SOCKET, SO_REUSEPORT, shared);
        each_listens_ = shared != 0;
        for (unsigned i = 0; i < options.hubs; ++i) {
            members_.emplace_back(*this, i);
        }
        wakes_.resize(options.hubs);
    }
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;
    ~Team() = default;

    OtherHubs& first() noexcept { return members_.front(); }

    // Starts the other hubs. Throws: what one of them threw at its start; all have ended by then.
    void start(AcceptLoop& loop) {
        join_first(loop);
        try {
            const SignalsBlocked blocked;
            for (std::size_t i = 1; i < members_.size(); ++i) {
                members_[i].thread = PlainThread([this, i] { run_member(members_[i]); });
            }
        } catch (...) {
            stop_and_join(Duration());
            throw;
        }
        {
            const Shield shield;
            for (std::size_t i = 1; i < members_.size(); ++i) {
                started_.acquire();
            }
        }
        if (std::exception_ptr error = first_error()) {
            stop_and_join(Duration());
            std::rethrow_exception(error);
        }
    }

    // Stops all hubs; may be called in any of them.
    void stop_all(Duration drain) noexcept {
        const MutexLock lock(mutex_);
        drain_ = stopping_ ? std::min(drain_, drain) : drain;
        stopping_ = true;
        wake_all();
    }

    void pause_all(bool paused) noexcept {
        const MutexLock lock(mutex_);
        paused_ = paused;
        wake_all();
    }

    // Stops the other hubs, and waits until they have ended.
    void stop_and_join(Duration drain) noexcept {
        const Shield shield;
        stop_all(drain);
        end_handing_over();
        for (std::size_t i = 1; i < members_.size(); ++i) {
            if (members_[i].thread.joinable()) {
                ended_.acquire();
            }
        }
        for (std::size_t i = 1; i < members_.size(); ++i) {
            if (members_[i].thread.joinable()) {
                members_[i].thread.join();  // all that it still does is to end its hub
            }
        }
        const MutexLock lock(mutex_);
        wakes_.front().reset();
    }

    std::exception_ptr first_error() {
        const MutexLock lock(mutex_);
        return error_;
    }

    std::size_t killed() const noexcept {
        const MutexLock lock(mutex_);
        return killed_;
    }

private:
    // What one hub's accept loop knows of the others.
    struct Member final : OtherHubs {
        Member(Team& t, unsigned i) noexcept : team(t), index(i), expects_handed(i > 0 && !t.each_listens_) {}

        bool full() const noexcept override {
            return team.each_listens_ ? load >= team.options_.concurrency : team.all_full();
        }
        bool take(TcpSocket& client, const Address& peer) override { return team.take(client, peer); }
        void counted(std::ptrdiff_t change) noexcept override {
            load += static_cast<std::size_t>(change);
            if (change < 0 && index != 0 && !team.each_listens_) {
                team.wake_first();
            }
        }
        void stopped() noexcept override {
            team.stop_all(team.options_.drain);
            if (index == 0 && !team.each_listens_) {
                team.end_handing_over();
            }
        }

        void want_room(bool wanted) noexcept override {
            if (!team.each_listens_) {
                team.want_room(wanted);
            }
        }
        bool room_wanted() const noexcept override { return team.room_wanted(); }

        struct Handed {
            Fd fd;
            Address peer;
        };

        Team& team;
        const unsigned index;
        std::atomic<std::size_t> load{0};  // handlers, and connections that wait in `incoming`
        SharedQueue<Handed> incoming;

        // Its own OS thread's.
        bool expects_handed;  // the first hub may still hand over connections
        std::shared_ptr<AcceptLoop> loop;

        PlainThread thread;
    };

    void join_first(AcceptLoop& loop) {
        const MutexLock lock(mutex_);
        wakes_.front().emplace([this, &loop] { obey(members_.front(), loop); });
    }

    // Runs in the OS thread of another hub, from its start to its end.
    void run_member(Member& member) {
        bool started = false;
        try {
            Listener own = each_listens_ ? listen(address_, listen_options_) : Listener();
            member.loop = std::make_shared<AcceptLoop>(each_listens_ ? &own : nullptr, each_listens_, handler_,
                                                       options_, &member);
            AcceptLoop& loop = *member.loop;
            {
                const MutexLock lock(mutex_);
                wakes_[member.index].emplace([this, &member, &loop] { obey(member, loop); });
            }
            obey(member, loop);
            auto taker = spawn([&] { take_handed(member); });
            started = true;
            started_.release();
            loop.run();
            taker.kill();
        } catch (...) {
            keep_error(std::current_exception());
        }
        {
            const MutexLock lock(mutex_);
            wakes_[member.index].reset();
            killed_ += member.loop != nullptr ? member.loop->killed() : 0;
        }
        member.loop.reset();
        if (!started) {
            started_.release();
        }
        stop_all(options_.drain);
        ended_.release();
    }

    // Starts the handlers of connections that the first hub accepted for this one.
    void take_handed(Member& member) {
        for (Member::Handed& handed : member.incoming) {
            --member.load;  // its handler counts from now on
            try {
                const int family = handed.peer.family();
                member.loop->start(SocketAccess::adopt(handed.fd.release(), family), handed.peer);
            } catch (const std::exception&) {
                report_connection(options_, ErrorKind::resources,
                                  handed.peer);  // no memory for this connection; the loop goes on with the next
            }
        }
        member.expects_handed = false;
        obey(member, *member.loop);
    }

    // Does in the loop's hub what was requested of all hubs.
    void obey(Member& member, AcceptLoop& loop) noexcept {
        bool stopping = false;
        bool paused = false;
        Duration drain;
        {
            const MutexLock lock(mutex_);
            stopping = stopping_;
            paused = paused_;
            drain = drain_;
        }
        loop.pause(paused);
        if (stopping && !member.expects_handed) {  // else it stops when it has taken what was accepted for it
            loop.stop(drain);
        }
        loop.notify();
    }

    void wake_all() noexcept TENDRIL_REQUIRES(mutex_) {
        for (const std::optional<Async>& wake : wakes_) {
            if (wake.has_value()) {
                wake->send_threadsafe();
            }
        }
    }

    // For the first hub: whether no hub has room. If so, that hub is woken when there is room.
    bool all_full() noexcept {
        waits_for_room_ = true;
        if (no_room()) {
            return true;
        }
        waits_for_room_ = false;
        return false;
    }

    bool no_room() const noexcept {
        return std::all_of(members_.begin(), members_.end(),
                           [this](const Member& each) { return each.load >= options_.concurrency; });
    }

    // true: a client waits at the first hub, which has no idle connection. Each other hub then drops its longest idle
    // one, if it has been idle for long enough. Two hubs may do so at once; the next client then finds room too.
    void want_room(bool wanted) noexcept {
        room_wanted_ = wanted;
        if (!wanted) {
            return;
        }
        const MutexLock lock(mutex_);
        for (std::size_t i = 1; i < wakes_.size(); ++i) {
            if (wakes_[i].has_value()) {
                wakes_[i]->send_threadsafe();
            }
        }
    }

    bool room_wanted() const noexcept { return room_wanted_ && no_room(); }

    // A handler of another hub has ended: there may be room.
    void wake_first() noexcept {
        if (waits_for_room_.exchange(false)) {
            const MutexLock lock(mutex_);
            if (wakes_.front().has_value()) {
                wakes_.front()->send_threadsafe();
            }
        }
    }

    // Called when the first hub accepts no more for the others.
    void end_handing_over() noexcept {
        for (Member& each : members_) {
            each.incoming.shutdown();
        }
    }

    bool take(TcpSocket& client, const Address& peer) {
        if (each_listens_) {
            return false;
        }
        Member* least = &members_.front();
        for (Member& each : members_) {
            if (each.load < least->load) {
                least = &each;
            }
        }
        if (least == &members_.front()) {
            return false;
        }
        Fd fd(SocketAccess::handle(client).release("a connection"));
        ++least->load;
        if (Member::Handed handed{std::move(fd), peer}; !least->incoming.try_put(std::move(handed))) {
            --least->load;  // the queue has been shut down: the group ends, and so does the connection
        }
        return true;
    }

    // In the child of a fork() the OS threads of the other hubs are gone, and can neither be joined nor free what they
    // had: that is abandoned.
    void forked() noexcept {
        for (Member& each : members_) {
            ::new (&each.thread) PlainThread;
            ::new (&each.loop) std::shared_ptr<AcceptLoop>;
        }
    }

    void keep_error(std::exception_ptr error) noexcept {
        const MutexLock lock(mutex_);
        if (error_ == nullptr) {
            error_ = std::move(error);
        }
    }

    const ConnectionHandler handler_;
    const StreamServerOptions options_;
    const Address address_;
    ListenOptions listen_options_;  // of every other hub's listener
    bool each_listens_ = false;
    std::atomic<bool> waits_for_room_{false};
    std::atomic<bool> room_wanted_{false};
    std::deque<Member> members_;
    SharedSemaphore started_{0};
    SharedSemaphore ended_{0};

    mutable Mutex mutex_{Rank::team};  // never held across a wait
    bool stopping_ TENDRIL_GUARDED_BY(mutex_) = false;
    bool paused_ TENDRIL_GUARDED_BY(mutex_) = false;
    Duration drain_ TENDRIL_GUARDED_BY(mutex_);
    std::deque<std::optional<Async>> wakes_ TENDRIL_GUARDED_BY(mutex_);  // each member's: runs obey()
    std::exception_ptr error_ TENDRIL_GUARDED_BY(mutex_);
    std::size_t killed_ TENDRIL_GUARDED_BY(mutex_) = 0;

    const AtFork at_fork_{this, [](void* self) noexcept { static_cast<Team*>(self)->forked(); }};
};

// Stops the group when the stop token requests it, and keeps the hub alive for that. Does nothing without a token.
class AcceptGroup::StopOnRequest {
public:
    explicit StopOnRequest(AcceptGroup& group) {
        if (group.token_.stop_possible()) {
            stop_.emplace([&group] { group.stop(group.drain_); });
            on_request_.emplace(group.token_, Send{stop_->sender()});
        }
    }

private:
    struct Send {
        Async::Sender sender;
        void operator()() const { sender.send_threadsafe(); }
    };
    std::optional<Async> stop_;
    std::optional<std::stop_callback<Send>> on_request_;  // destroyed first
};

AcceptGroup::AcceptGroup(Listener& listener, bool closes, ConnectionHandler handler,
                         const StreamServerOptions& options) {
    here::refuse_in_callback();
    token_ = options.stop;
    drain_ = options.drain;
    const StreamServerOptions good = checked(options);
    if (good.hubs > 1) {
        team_ = std::make_shared<Team>(listener, handler, good);
    }
    loop_ = std::make_shared<AcceptLoop>(&listener, closes, std::move(handler), good,
                                         team_ != nullptr ? &team_->first() : nullptr);
}

AcceptGroup::~AcceptGroup() {
    if (team_ != nullptr) {
        team_->stop_and_join(Duration());
    }
}

void AcceptGroup::start_other_hubs() {
    if (team_ != nullptr) {
        team_->start(*loop_);
    }
}

void AcceptGroup::run() {
    const StopOnRequest on_request(*this);
    if (team_ == nullptr) {
        loop_->run();
        return;
    }
    try {
        loop_->run();
    } catch (...) {
        team_->stop_and_join(Duration());
        throw;
    }
    team_->stop_and_join(forever);
    if (std::exception_ptr error = team_->first_error()) {
        std::rethrow_exception(error);
    }
}

void AcceptGroup::stop(Duration drain) noexcept {
    if (team_ != nullptr) {
        team_->stop_all(drain);
    }
    loop_->stop(drain);
}

void AcceptGroup::pause(bool paused) noexcept {
    if (team_ != nullptr) {
        team_->pause_all(paused);
    }
    loop_->pause(paused);
}

std::size_t AcceptGroup::killed() const noexcept {
    return loop_->killed() + (team_ != nullptr ? team_->killed() : 0);
}

}  // namespace tendril::detail
