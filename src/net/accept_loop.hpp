// SPDX-License-Identifier: MIT
//
// AcceptLoop: serves the connections of one hub. serve() and StreamServer run one; with several hubs each hub has its
// own (net/accept_group.hpp), and one of them may accept for the others.
//
// It is shared by its run() and its handlers. If run() must leave before the handlers have ended (LoopExit while it
// waits for them), they still have what they need.

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

// The other hubs that serve, as one hub's loop sees them. To be called in the loop's own OS thread.
class OtherHubs {
public:
    virtual bool full() const noexcept = 0;  // no hub has room, this one included

    // Offers a connection. Returns: whether another hub has taken it; it is then moved from.
    virtual bool take(TcpSocket& client, const Address& peer) = 0;

    virtual void counted(std::ptrdiff_t change) noexcept = 0;  // the number of this hub's handlers has changed
    virtual void stopped() noexcept = 0;                       // this hub's loop accepts no more

    // For the hub that accepts. true: a client waits, and this hub has no idle connection to drop for it; the others
    // then look for one of theirs.
    virtual void want_room(bool wanted) noexcept = 0;

    // For the other hubs: whether want_room(true) holds, and no hub has room.
    virtual bool room_wanted() const noexcept = 0;

protected:
    ~OtherHubs() = default;
};

class AcceptLoop : public std::enable_shared_from_this<AcceptLoop> {
public:
    // listener: nullptr if another hub accepts. closes: whether to close the listener at the end of accepting, after
    // the connections in its backlog were accepted. Requires: the listener and the other hubs outlive run().
    AcceptLoop(Listener* listener, bool closes, ConnectionHandler handler, const StreamServerOptions& options,
               OtherHubs* others);

    // Accepts until stop() or StopServe ends it or the listener is closed; then waits for the handlers. Throws: as
    // serve().
    void run();

    // To be called in the loop's hub.
    void stop(Duration drain) noexcept;  // handlers may go on for `drain`
    void pause(bool paused) noexcept;
    void notify() noexcept;  // makes it check what it waits for

    // Starts the handler of a connection that run() or another hub accepted.
    // Returns: false if there is no memory for it; that is reported, and the connection is closed.
    bool start(TcpSocket client, const Address& peer);

    bool handles_here() const;  // whether the calling green thread is one of its handlers
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

        void end_idle();  // kills the handler, because it is idle

    private:
        Activity set_activity(Activity now) override;
        void restore_activity(Activity before) noexcept override;
        void enter(Activity now) noexcept;

        AcceptLoop& loop_;
        Activity activity_ = Activity::busy;  // says in which list it is: none, waiting_, idle_
        bool ended_idle_ = false;
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

    Listener* listener_;  // to accept from; its state is in descriptor_
    const bool closes_;
    ConnectionHandler handler_;
    StreamServerOptions options_;
    OtherHubs* others_;
    Descriptor* descriptor_ = nullptr;
    std::uint32_t generation_ = 0;
    Running running_;
    List<Connection> idle_;     // the idle ones of running_ that yield their places; the longest idle is first
    List<Connection> waiting_;  // the idle ones that keep them
    AddressCounts per_address_;
    PoolSlots slots_;                    // may hold one for the next connection
    std::chrono::nanoseconds pause_;     // the next one
    std::int64_t missing_since_ns_ = 0;  // by the hub's clock: when descriptors began to be missing; 0: they are not
    Reserve reserve_;                    // open only in a loop that accepts
    bool refusing_ = false;              // descriptors have been missing for too long
    bool paused_ = false;
    bool awaits_client_ = false;  // it is full, and waits until a client needs room
    bool stopping_ = false;
    Deadline drained_by_;
    std::exception_ptr error_;  // of the handler that ended serving
    std::size_t killed_ = 0;
    Waiter* waiter_ = nullptr;
};

}  // namespace tendril::detail
