// SPDX-License-Identifier: MIT
//
// AcceptLoop: what serves the connections of one hub. serve() and StreamServer run one; with several hubs each has its
// own (net/accept_group.hpp), and one of them may accept for the others.
//
// Shared by its run() and its handlers: should run() have to leave before they have ended (LoopExit while it waits for
// them), they go on with what they need.

#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include <tendril/detail/base/list.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/server.hpp>

#include "net/address_counts.hpp"
#include "net/pool_slots.hpp"
#include "net/reserve.hpp"
#include "net/transfer.hpp"

namespace tendril::detail {

// The other hubs that serve. Called in the loop's own OS thread.
class OtherHubs {
public:
    virtual bool full() const noexcept = 0;  // none has room, this one included
    // Returns: whether another hub takes the connection; it is moved from then.
    virtual bool take(TcpSocket& client, const Address& peer) = 0;
    virtual void counted(std::ptrdiff_t change) noexcept = 0;  // handlers of this hub
    virtual void stopped() noexcept = 0;                       // this hub's loop accepts no more
    // The hub that accepts: whether a client waits, and that hub has no idle connection that it could drop for it. The
    // others look for one of their own then.
    virtual void want_room(bool wanted) noexcept = 0;
    // Asked by the others: it does, and no hub has room for it.
    virtual bool room_wanted() const noexcept = 0;

protected:
    ~OtherHubs() = default;
};

class AcceptLoop : public std::enable_shared_from_this<AcceptLoop> {
public:
    // listener: nullptr when another hub accepts. Both outlive run().
    // closes: the listener is closed at the end of accepting, after what waits in its backlog was accepted.
    AcceptLoop(Listener* listener, bool closes, ConnectionHandler handler, const StreamServerOptions& options,
               OtherHubs* others);

    // Accepts until stop(), StopServe or the listener is closed, then waits for the handlers. Throws: as serve().
    void run();

    // In the loop's hub. Handlers have until then.
    void stop(Duration drain) noexcept;
    void pause(bool paused) noexcept;
    void notify() noexcept;  // what it waits for may have come about

    // A connection that another hub accepted, or run() itself.
    // Returns: false when there is no memory for its handler; that is reported, and it is closed.
    bool start(TcpSocket client, const Address& peer);

    bool handles_here() const;  // the green thread that asks is one of its handlers
    std::size_t running() const noexcept { return running_.size(); }
    std::size_t killed() const noexcept { return killed_; }

private:
    class Connection final : public Serving, public ListNode {
    public:
        explicit Connection(AcceptLoop& loop) noexcept : loop_(loop) {}
        bool stopping() const noexcept override { return loop_.stopping_; }

        AnyGreenlet handler;
        int fd = -1;
        std::int64_t idle_since_ns = 0;

    private:
        void set_idle(bool idle) override;
        AcceptLoop& loop_;
    };
    using Running = std::list<Connection>;
    class Place;

    void wake() noexcept;
    void wake_listening() noexcept;
    bool listener_closed() const noexcept { return descriptor_ != nullptr && descriptor_->generation != generation_; }
    bool full() const noexcept { return others_ != nullptr ? others_->full() : full_here(); }
    bool full_here() const noexcept { return slots_.any() ? slots_.full() : running_.size() >= options_.concurrency; }
    bool must_make_room() const noexcept {
        return listener_ == nullptr && others_ != nullptr ? others_->room_wanted() : full();
    }
    void await_room();
    void await_room_elsewhere();
    void await_client();
    bool drop_longest_idle();
    void replace_longest_idle();
    void accept_all();
    std::optional<TcpSocket> accept_one(Address& peer);
    void refuse_waiting();
    void back_off();
    void accept_backlog();
    bool behind_proxy(const Address& peer) const noexcept;
    void handle(Connection& connection, TcpSocket& client, Address peer);
    void end_by_handler(std::exception_ptr error) noexcept;
    void await_connection();
    template <class Done>
    bool await_change(Done done, Deadline deadline);
    void kill_idle();
    void end_handlers();

    Listener* listener_;  // for accepting only
    const bool closes_;
    ConnectionHandler handler_;
    StreamServerOptions options_;
    OtherHubs* others_;
    Descriptor* descriptor_ = nullptr;
    std::uint32_t generation_ = 0;
    Running running_;
    List<Connection> idle_;  // those of running_, the longest idle first
    AddressCounts per_address_;
    PoolSlots slots_;  // one is held for the next connection
    std::chrono::milliseconds pause_;
    Reserve reserve_;        // of a loop that accepts
    bool refusing_ = false;  // since it was out of descriptors for too long
    bool paused_ = false;
    bool awaits_client_ = false;  // while it is full
    bool stopping_ = false;
    Deadline drained_by_;
    std::exception_ptr error_;  // of a handler, that ended it
    std::size_t killed_ = 0;
    Waiter* waiter_ = nullptr;
};

}  // namespace tendril::detail
