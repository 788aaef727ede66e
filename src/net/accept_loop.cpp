// SPDX-License-Identifier: MIT

#include "net/accept_loop.hpp"

#include <cxxabi.h>
#include <poll.h>

#include <algorithm>
#include <vector>

#include <tendril/proxy_protocol.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "base/on_exit.hpp"
#include "base/sys.hpp"
#include "net/peer_watch.hpp"
#include "net/socket_access.hpp"

namespace tendril::detail {

namespace {

using namespace std::chrono_literals;
constexpr std::chrono::milliseconds patience = 300ms;  // if descriptors are missing for longer, clients are refused
constexpr std::size_t refused_in_a_row = 64;
constexpr std::chrono::milliseconds least_idle = 50ms;  // so that a request that is on its way can arrive

bool means_scarcity(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// Whether a client waits at this listener; or, on a connection, a request or the end has arrived.
bool has_input(int fd) noexcept {
    pollfd asked{fd, POLLIN, 0};
    return sys::poll(&asked, 1, 0) > 0;
}

// The connection died before it was accepted, or the network had a hiccup (accept(2), "Error handling").
bool concerns_one_connection(int error) noexcept {
    switch (error) {
    case ECONNABORTED:
    case ECONNRESET:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

}  // namespace

Serving::Activity AcceptLoop::Connection::set_activity(Activity now) {
    if (loop_.stopping_) {
        end_idle();  // throws, if the handler is the running one
        return activity_;
    }
    const Activity before = activity_;
    enter(now);
    return before;
}

// If serving has stopped meanwhile, the loop kills it: a destructor cannot throw.
void AcceptLoop::Connection::restore_activity(Activity before) noexcept {
    enter(ended_idle_ ? Activity::busy : before);
    if (activity_ != Activity::busy && loop_.stopping_) {
        loop_.notify();
    }
}

void AcceptLoop::Connection::enter(Activity now) noexcept {
    unlink();
    activity_ = now;
    if (now == Activity::waits) {
        loop_.waiting_.push_back(*this);
    } else if (now == Activity::idle) {
        idle_since_ns = here::clock_ns();
        const bool first = loop_.idle_.empty();
        loop_.idle_.push_back(*this);
        if (first && loop_.waiter_ != nullptr) {  // the loop may wait for a connection that it can drop
            loop_.waiter_->resolve(Outcome::signalled);
        }
    }
}

void AcceptLoop::Connection::end_idle() {
    ended_idle_ = true;
    handler.kill_nowait();
}

// A handler's place among the running ones. It is freed however its green thread ends, even if it never began.
class AcceptLoop::Place {
public:
    Place(std::shared_ptr<AcceptLoop> loop, Running::iterator at) noexcept : loop_(std::move(loop)), at_(at) {
        if (loop_->others_ != nullptr) {
            loop_->others_->counted(1);
        }
    }
    Place(Place&& other) noexcept = default;
    ~Place() {
        if (loop_ != nullptr) {
            loop_->running_.erase(at_);
            if (loop_->others_ != nullptr) {
                loop_->others_->counted(-1);
            }
            loop_->notify();
        }
    }

    Connection& connection() const noexcept { return *at_; }

private:
    std::shared_ptr<AcceptLoop> loop_;
    Running::iterator at_;
};

AcceptLoop::AcceptLoop(Listener* listener, bool closes, ConnectionHandler handler, const StreamServerOptions& options,
                       OtherHubs* others)
    : listener_(listener), closes_(closes), handler_(std::move(handler)), options_(options), others_(others),
      slots_(options.pool), pause_(options.min_delay) {
    if (listener_ != nullptr) {
        descriptor_ = &SocketAccess::handle(*listener_).use("a listener");
        generation_ = descriptor_->generation;
        reserve_.hold();
    }
}

void AcceptLoop::run() {
    const PoolSlots::Use pool_in_use(slots_);
    try {
        accept_all();
        slots_.drop();
        if (!stopping_) {
            stop(options_.drain);  // accepting ended because the listener was closed
        }
        if (closes_ && !listener_closed()) {
            accept_backlog();
            listener_->close();
        }
        const auto all_ended = [this] {
            kill_idle();  // also those that a handler has restored only now
            return running_.empty();
        };
        if (!await_change(all_ended, never)) {
            end_handlers();
        }
    } catch (...) {
        stopping_ = true;
        slots_.drop();
        if (others_ != nullptr) {
            others_->stopped();
        }
        end_handlers();
        throw;
    }
    if (error_ != nullptr) {
        std::rethrow_exception(std::exchange(error_, nullptr));
    }
}

void AcceptLoop::stop(Duration drain) noexcept {
    const Deadline until(drain);
    drained_by_ = stopping_ ? std::min(drained_by_, until) : until;
    if (!std::exchange(stopping_, true) && others_ != nullptr) {
        others_->stopped();
    }
    wake();
}

void AcceptLoop::pause(bool paused) noexcept {
    paused_ = paused;
    wake();
}

void AcceptLoop::notify() noexcept {
    if (waiter_ != nullptr) {
        waiter_->resolve(Outcome::signalled);
    }
    if (awaits_client_) {
        wake_listening();
    }
}

// Ends any wait of the loop, including those for a connection and for a slot of the pool.
void AcceptLoop::wake() noexcept {
    notify();
    wake_listening();
}

void AcceptLoop::wake_listening() noexcept {
    if (descriptor_ == nullptr || listener_closed()) {
        return;
    }
    for (Waiter* each : {descriptor_->reader, descriptor_->writer}) {
        if (each != nullptr) {
            each->resolve(Outcome::signalled);
        }
    }
}

void AcceptLoop::accept_all() {
    std::size_t in_a_row = 0;
    while (!stopping_ && !listener_closed()) {
        if (listener_ == nullptr || paused_ || full()) {
            await_room();
            continue;
        }
        Address peer;
        std::optional<TcpSocket> client = accept_one(peer);
        const bool came = client.has_value();
        if (came) {
            const bool taken = others_ != nullptr && others_->take(*client, peer);
            if (taken || start(*std::move(client), peer)) {
                pause_ = options_.min_delay;
                missing_since_ns_ = 0;
                refusing_ = false;
                reserve_.hold();
            } else {
                back_off();
            }
        }
        slots_.drop();  // for others, while no client comes
        if (++in_a_row >= options_.max_accept) {
            in_a_row = 0;
            yield();
        }
        if (!came && !stopping_ && !listener_closed() && !paused_) {
            await_connection();
        }
    }
}

// Waits while the loop is full or paused, or another hub accepts for it. Drops an idle connection if a client waits for
// its place.
void AcceptLoop::await_room() {
    const bool is_full = listener_ != nullptr && !paused_;
    if (slots_.any() && !paused_) {
        slots_.wait(*descriptor_);
        return;
    }
    slots_.drop();
    if (is_full && (!idle_.empty() || others_ != nullptr)) {
        if (!has_input(descriptor_->fd)) {
            await_client();
            return;
        }
        if (!idle_.empty()) {
            replace_longest_idle();
            return;
        }
        await_room_elsewhere();
        return;
    }
    if (listener_ == nullptr && !idle_.empty() && must_make_room()) {
        replace_longest_idle();
        return;
    }
    await_change(
        [this] {
            return listener_ != nullptr ? !paused_ && (slots_.any() || !full() || !idle_.empty())
                                        : !idle_.empty() && must_make_room();
        },
        never);
}

// A client waits, and no connection is idle here: lets the other hubs look for one.
void AcceptLoop::await_room_elsewhere() {
    const OnExit found([this] { others_->want_room(false); });
    others_->want_room(true);
    await_change([this] { return paused_ || !full() || !idle_.empty(); }, never);
}

// A client waits, here or at the hub that accepts: drops the longest idle connection. Returns when there may be room.
void AcceptLoop::replace_longest_idle() {
    const Deadline ripe = Deadline::after(idle_.front()->idle_since_ns, least_idle);
    if (here::clock_ns() < ripe.ns()) {
        await_change([this] { return !must_make_room(); }, ripe);
        return;
    }
    const std::size_t before = running_.size();
    if (drop_longest_idle()) {
        await_change([&] { return running_.size() < before || !must_make_room(); }, never);
    } else {
        yield();  // all idle connections have something to read: they become busy, or end
    }
}

// Waits until a client comes, or there is room anyway.
void AcceptLoop::await_client() {
    awaits_client_ = true;
    const OnExit came([this] { awaits_client_ = false; });
    descriptor_->emptied();  // no client waits now: the next edge is a new one's
    const Outcome outcome = here::descriptors().wait(*descriptor_, Direction::read, "serve", never);
    static_cast<void>(outcome);  // the loop checks what has happened
}

// Kills the handler of the longest idle connection. Skips connections that have input, which are not idle any more.
// Returns: false if there was none.
bool AcceptLoop::drop_longest_idle() {
    constexpr int most_looks = 16;
    for (int i = 0; i < most_looks; ++i) {
        Connection* const longest = idle_.pop_front();
        if (longest == nullptr) {
            return false;
        }
        if (!has_input(longest->fd)) {
            longest->end_idle();
            return true;
        }
    }
    return false;
}

// Returns: nothing if no client waits, if its connection failed, or after a pause for lack of descriptors or memory.
std::optional<TcpSocket> AcceptLoop::accept_one(Address& peer) {
    try {
        return listener_->try_accept(peer);
    } catch (const std::system_error& e) {
        const int error = e.code().value();
        if (means_scarcity(error)) {
            if (error == EMFILE || error == ENFILE) {
                missing_since_ns_ = missing_since_ns_ == 0 ? here::clock_ns() : missing_since_ns_;
                if (here::clock_ns() - missing_since_ns_ >= std::chrono::nanoseconds(patience).count()) {
                    refuse_waiting();
                }
            }
            back_off();
        } else if (!concerns_one_connection(error)) {
            throw;
        }
        return std::nullopt;
    }
}

// Descriptors have been missing for some time: resets the waiting clients, so that they do not hang. Reports it once,
// until there are descriptors again.
void AcceptLoop::refuse_waiting() {
    if (reserve_.refuse(descriptor_->fd, refused_in_a_row) > 0 && !std::exchange(refusing_, true)) {
        options_.error_log->report(
            {.kind = ErrorKind::resources,
             .peer = Address(),
             .error = std::make_exception_ptr(std::system_error(
                 EMFILE, std::generic_category(), "out of descriptors, so connections are refused for now")),
             .where = options_.where});
    }
}

// Pauses for lack of descriptors or memory. Ends early when a handler ends, since that may free some.
void AcceptLoop::back_off() {
    slots_.drop();
    const std::size_t before = running_.size();
    await_change([&] { return running_.size() < before; }, pause_);
    const std::chrono::nanoseconds longest = options_.max_delay;
    pause_ = pause_ > longest / 2 ? longest : pause_ * 2;
}

// After the stop: serves the clients that had connected before, while there is room and time. When the listener is
// closed, the kernel resets those that are left.
void AcceptLoop::accept_backlog() {
    constexpr int most_waiting = 4096;  // the usual limit of a kernel's backlog; new clients may go on connecting
    constexpr int most_failures = 64;
    int failures = 0;
    for (int i = 0; i < most_waiting && failures < most_failures && !full_here() && !drained_by_.passed(); ++i) {
        try {
            Address peer;
            descriptor_->readable = true;  // an edge may have come that the loop has not seen
            std::optional<TcpSocket> client = listener_->try_accept(peer);
            if (!client.has_value() || !start(*std::move(client), peer)) {
                return;
            }
        } catch (const std::system_error& e) {
            if (!concerns_one_connection(e.code().value())) {
                return;
            }
            ++failures;
        }
    }
}

bool AcceptLoop::start(TcpSocket client, const Address& peer) {
    try {
        CrewPlace slot = slots_.any() ? slots_.take() : CrewPlace();
        const auto at = running_.emplace(running_.end(), *this);
        Place place(shared_from_this(), at);
        at->handler = spawn(SpawnOptions{.name = {}, .stack_size = options_.stack_size, .where = options_.where},
                            [this, place = std::move(place), client = std::move(client), peer]() mutable {
                                handle(place.connection(), client, peer);
                            });
        if (slots_.any()) {
            slots_.admit(slot, at->handler);
        }
        return true;
    } catch (...) {  // no stack or no memory for its handler: only this connection is closed
        report_connection(options_, ErrorKind::resources, peer);
        return false;
    }
}

bool AcceptLoop::behind_proxy(const Address& peer) const noexcept {
    return options_.proxy_protocol != ProxyProtocol::off &&
           (options_.proxy_sources.empty() || contains(options_.proxy_sources, peer));
}

void AcceptLoop::handle(Connection& connection, TcpSocket& client, Address peer) {
    const PeerWatch watch(client.fd());
    const auto report = [&](ErrorKind kind) { report_connection(options_, kind, peer); };
    try {
        connection.fd = client.fd();
        if (behind_proxy(peer)) {
            try {
                const Deadline deadline(options_.handshake_timeout);
                if (!client.ready()) {
                    const Serving::Idle idle(connection);  // a silent client may be dropped for another
                    client.await_data(deadline);
                }
                peer = read_proxy_header(client, deadline).source.value_or(peer);
            } catch (const std::exception&) {
                report_connection(options_, ErrorKind::proxy_header, peer);
                return;
            }
        }
        const AddressCounts::Place place(per_address_, peer, options_.max_per_address);
        if (place.granted()) {
            handler_(client, peer, connection);
        }
    } catch (const StopServe&) {
        end_by_handler(nullptr);
    } catch (const Timeout::Expired&) {
        report(ErrorKind::handler);
    } catch (const Interrupt&) {
        throw;
    } catch (const abi::__forced_unwind&) {
        throw;
    } catch (const std::exception&) {
        if (watch.ended_by_peer()) {
            report(ErrorKind::peer_gone);
        } else if (options_.on_error == OnHandlerError::report) {
            report(ErrorKind::handler);
        } else {
            end_by_handler(std::current_exception());
        }
    } catch (...) {
        if (options_.on_error == OnHandlerError::report) {
            report(ErrorKind::handler);
        } else {
            end_by_handler(std::current_exception());
        }
    }
    client.close();  // before the loop learns of the end
}

void AcceptLoop::end_by_handler(std::exception_ptr error) noexcept {
    if (error_ == nullptr) {
        error_ = std::move(error);
    }
    stop(options_.drain);
}

void AcceptLoop::await_connection() {
    if (descriptor_->readable && (descriptor_->armed & events::read) != 0) {
        return;  // the loop has paused, or a connection has failed: there may be more clients
    }
    if (missing_since_ns_ != 0 && !has_input(descriptor_->fd)) {  // no client waits: the next shortage begins anew
        missing_since_ns_ = 0;
        pause_ = options_.min_delay;
    }
    descriptor_->emptied();
    const Outcome outcome = here::descriptors().wait(*descriptor_, Direction::read, "serve", never);
    static_cast<void>(outcome);  // the loop checks whether it was closed
}

// Waits until `done()` or the deadline, and only while accepting, or draining, goes on. Returns: done().
template <class Done>
bool AcceptLoop::await_change(Done done, Deadline deadline) {
    const bool stopping = stopping_;
    while (!done() && stopping_ == stopping && (stopping || !listener_closed())) {
        Waiter waiter("serve");
        const OnExit woken([&] {
            waiter_ = nullptr;
            if (descriptor_ != nullptr && descriptor_->reader == &waiter) {
                descriptor_->reader = nullptr;
            }
        });
        waiter_ = &waiter;
        if (descriptor_ != nullptr && !stopping && !listener_closed() && descriptor_->reader == nullptr) {
            descriptor_->reader = &waiter;  // so that close() wakes it
        }
        if (waiter.wait(stopping ? drained_by_ : deadline) == Outcome::timed_out) {
            break;
        }
    }
    return done();
}

bool AcceptLoop::handles_here() const {
    const AnyGreenlet here = current();
    return std::any_of(running_.begin(), running_.end(), [&](const Connection& c) { return c.handler == here; });
}

void AcceptLoop::kill_idle() {
    for (List<Connection>* list : {&idle_, &waiting_}) {
        while (Connection* each = list->pop_front()) {
            each->end_idle();
        }
    }
}

void AcceptLoop::end_handlers() {
    const Shield shield;  // handlers refer to what serve()'s caller owns, so none may outlive the call
    std::vector<AnyGreenlet> left;
    for (const Connection& each : running_) {
        each.handler.kill_nowait();
        left.push_back(each.handler);
    }
    killed_ += left.size();
    join_all(left);
}

}  // namespace tendril::detail
