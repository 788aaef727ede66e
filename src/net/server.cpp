// SPDX-License-Identifier: MIT

#include <tendril/server.hpp>

#include <chrono>
#include <list>
#include <memory>

#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>

#include "net/socket_access.hpp"

namespace tendril {

namespace detail {

namespace {

using namespace std::chrono_literals;
constexpr std::chrono::milliseconds shortest_pause = 10ms;
constexpr std::chrono::milliseconds longest_pause = 1s;
constexpr int accepts_in_a_row = 64;

bool means_scarcity(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// The connection died before it was accepted, or the network had a hiccup (accept(2), "Error handling").
bool concerns_one_connection(int error) noexcept {
    switch (error) {
    case ECONNABORTED:
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

// Shared by serve() and its handlers: should serve() have to leave before they have ended (LoopExit while it waits
// for them), they go on with what they need.
class Server : public std::enable_shared_from_this<Server> {
public:
    Server(Listener& listener, ConnectionHandler handler, const ServeOptions& options)
        : listener_(listener), handler_(std::move(handler)), options_(options),
          descriptor_(SocketAccess::handle(listener).use("a listener")), generation_(descriptor_.generation) {}

    void run() {
        try {
            accept_all();
            stopping_ = true;  // from here on only the handlers' ends and the deadline count
            if (!await_change([this] { return running_.empty(); }, options_.drain)) {
                end_handlers();
            }
        } catch (...) {
            end_handlers();
            throw;
        }
    }

private:
    using Running = std::list<AnyGreenlet>;

    // A handler's place among the running ones; freed however its green thread ends, also when that never began.
    class Place {
    public:
        Place(std::shared_ptr<Server> server, Running::iterator at) noexcept : server_(std::move(server)), at_(at) {}
        Place(Place&& other) noexcept = default;
        ~Place() {
            if (server_ != nullptr) {
                server_->running_.erase(at_);
                server_->changed();
            }
        }

    private:
        std::shared_ptr<Server> server_;
        Running::iterator at_;
    };

    bool listener_closed() const noexcept { return descriptor_.generation != generation_; }

    void accept_all() {
        int in_a_row = 0;
        while (!stopping_ && !listener_closed()) {
            if (running_.size() >= options_.concurrency) {
                await_change([this] { return running_.size() < options_.concurrency; }, never);
                continue;
            }
            Address peer;
            std::optional<TcpSocket> client = accept_one(peer);
            if (client.has_value()) {
                start(*std::move(client), peer);
                if (++in_a_row % accepts_in_a_row == 0) {
                    yield();
                }
            } else if (!stopping_ && !listener_closed()) {
                if (++in_a_row % accepts_in_a_row == 0) {
                    yield();
                }
                await_connection();
            }
        }
    }

    // Returns: nothing when none waits, or when scarcity made it pause.
    std::optional<TcpSocket> accept_one(Address& peer) {
        try {
            std::optional<TcpSocket> client = listener_.try_accept(peer);
            pause_ = shortest_pause;
            return client;
        } catch (const std::system_error& e) {
            const int error = e.code().value();
            if (means_scarcity(error)) {
                const std::size_t before = running_.size();
                await_change([&] { return running_.size() < before; }, pause_);
                pause_ = std::min(pause_ * 2, longest_pause);
            } else if (!concerns_one_connection(error)) {
                throw;
            }
            return std::nullopt;
        }
    }

    void start(TcpSocket client, const Address& peer) {
        try {
            const auto at = running_.emplace(running_.end());
            Place place(shared_from_this(), at);
            *at = spawn(
                SpawnOptions{.name = {}, .stack_size = options_.stack_size, .where = options_.where},
                [this, place = std::move(place), client = std::move(client), peer]() mutable { handle(client, peer); });
        } catch (...) {  // no stack or no memory for it: this connection is closed, the others go on
            descriptor_.hub->report({0, {}, options_.where, "serve"}, std::current_exception());
        }
    }

    void handle(TcpSocket& client, const Address& peer) {
        try {
            handler_(client, peer);
        } catch (const StopServe&) {
            stopping_ = true;
            changed();
            if (!listener_closed() && descriptor_.reader != nullptr) {
                descriptor_.reader->resolve(Outcome::signalled);
            }
        }
        client.close();  // before the end is announced
    }

    void await_connection() {
        if (descriptor_.readable && (descriptor_.armed & detail::events::read) != 0) {
            return;  // it paused, or one connection failed: there may be more
        }
        descriptor_.drained(Direction::read);
        const Outcome outcome = descriptor_.hub->descriptors.wait(descriptor_, Direction::read, "serve", never);
        static_cast<void>(outcome);  // closed or not: the loop looks
    }

    void changed() noexcept {
        if (waiter_ != nullptr) {
            waiter_->resolve(Outcome::signalled);
        }
    }

    // Waits until `done()` or StopServe. Returns: done().
    template <class Done>
    bool await_change(Done done, Deadline deadline) {
        const bool stopping = stopping_;
        while (!done() && stopping_ == stopping && (stopping || !listener_closed())) {
            Waiter waiter("serve");
            struct Waiting {
                Server& server;
                Waiter& waiter;
                ~Waiting() {
                    server.waiter_ = nullptr;
                    if (server.descriptor_.reader == &waiter) {
                        server.descriptor_.reader = nullptr;
                    }
                }
            } waiting{*this, waiter};
            waiter_ = &waiter;
            if (!stopping && !listener_closed() && descriptor_.reader == nullptr) {
                descriptor_.reader = &waiter;  // so that close() wakes it
            }
            if (waiter.wait(deadline) == Outcome::timed_out) {
                break;
            }
        }
        return done();
    }

    void end_handlers() {
        const Shield shield;  // what the handler refers to is serve()'s caller's: none should outlive the call
        const std::vector<AnyGreenlet> left(running_.begin(), running_.end());
        for (const AnyGreenlet& each : left) {
            each.kill_nowait();
        }
        join_all(left);
    }

    Listener& listener_;  // serve()'s frame's; for accepting only
    ConnectionHandler handler_;
    ServeOptions options_;
    Descriptor& descriptor_;
    std::uint32_t generation_;
    Running running_;
    std::chrono::milliseconds pause_ = shortest_pause;
    bool stopping_ = false;
    Waiter* waiter_ = nullptr;
};

}  // namespace

void serve(Listener& listener, ConnectionHandler handler, const ServeOptions& options) {
    HubCore::here().refuse_in_callback();
    if (options.concurrency == 0) {
        throw std::invalid_argument("serve() with a concurrency of 0 would never serve anybody");
    }
    StackPool::check_size(options.stack_size);
    static_cast<void>(Deadline(options.drain));  // refuses a negative one now, not when it is needed
    std::make_shared<Server>(listener, std::move(handler), options)->run();
}

}  // namespace detail
}  // namespace tendril
