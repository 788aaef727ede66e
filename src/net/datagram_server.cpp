// SPDX-License-Identifier: MIT

#include <tendril/datagram_server.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/lock.hpp>
#include <tendril/pool.hpp>
#include <tendril/server.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "net/transfer.hpp"
#include "pool/crew.hpp"

namespace tendril {

namespace {

using namespace std::chrono_literals;
constexpr std::size_t largest_datagram = 65536;

constexpr int most_answers = 16;  // in a row, before a pause

bool is_scarcity(int error) noexcept {
    return error == ENOMEM || error == ENOBUFS || error == ENETDOWN;
}

// What the network answers to a datagram that was sent to one peer, if the socket is connected or has
// option::queue_errors (icmp(7), RFC 4443). The call has taken it; the next one receives again.
bool is_answer(int error) noexcept {
    switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
    case EACCES:
    case EMSGSIZE:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

}  // namespace

// Shared by the server and its green threads. The server waits for their end.
class DatagramServer::Core : public std::enable_shared_from_this<Core> {
public:
    Core(DatagramServer& server, UdpSocket socket, Handler handler, const DatagramServerOptions& options)
        : server_(server), socket_(std::move(socket)), handler_(std::move(handler)), options_(options),
          error_log_(options.error_log != nullptr ? options.error_log : std::make_shared<ErrorLog>()),
          own_pool_(options.pool == nullptr ? options.concurrency : 0),
          crew_(detail::CrewAccess::of(options.pool != nullptr ? *options.pool : own_pool_)) {
        crew_.check_thread();
        crew_.use();
    }
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;
    ~Core() = default;

    void start() {
        if (stopped_) {
            throw std::logic_error("this DatagramServer has been stopped: make another one");
        }
        if (!std::exchange(started_, true)) {
            receiver_ = spawn({.name = "DatagramServer"}, [self = shared_from_this()] { self->receive_all(); });
        }
    }

    std::size_t stop(Duration drain) {
        stopped_ = true;
        try {
            if (started_) {
                receiver_.kill();
            }
            if (const std::vector<AnyGreenlet> left = handlers(); join_all(left, drain) < left.size()) {
                kill_handlers();
            }
        } catch (...) {
            const Shield shield;
            receiver_.kill();
            kill_handlers();
            end();
            throw;
        }
        end();
        return killed_;
    }

    void wait() {
        if (!receiver_.ready()) {
            ended_.wait();
        }
        if (error_ != nullptr) {
            std::rethrow_exception(std::exchange(error_, nullptr));
        }
    }

    void send_to(Bytes bytes, const Address& to, Deadline deadline) {
        if (!sending_.acquire(deadline)) {
            detail::time_out({.waited_ns = detail::here::waited_ns()},
                             [to] { return "DatagramServer::send_to " + to.to_string() + ", waiting for its turn"; });
        }
        const std::lock_guard held(sending_, std::adopt_lock);
        socket_.send_to(bytes, to, deadline);
    }

    Address address() const { return socket_.local_address(); }
    // In the child of a fork() the receiver has ended like all frozen green threads, and ended_ was not set.
    bool is_running() const noexcept { return started_ && !stopped_ && !receiver_.ready() && !ended_.is_set(); }
    std::size_t running() const noexcept { return running_.size(); }
    const ErrorLog& error_log() const noexcept { return *error_log_; }

private:
    using Running = std::list<AnyGreenlet>;

    // A handler's place among the running ones. It is freed however its green thread ends, even if it never began.
    class Place {
    public:
        Place(std::shared_ptr<Core> core, Running::iterator at) noexcept : core_(std::move(core)), at_(at) {}
        Place(Place&& other) noexcept = default;
        ~Place() {
            if (core_ != nullptr) {
                core_->running_.erase(at_);
            }
        }
        Core& core() const noexcept { return *core_; }

    private:
        std::shared_ptr<Core> core_;
        Running::iterator at_;
    };

    // Receives until it is killed, or the socket is broken.
    void receive_all() {
        try {
            pause_ = options_.min_delay;
            std::string buffer(largest_datagram, '\0');
            for (;;) {
                try {
                    receive_one(buffer);
                } catch (const std::system_error& e) {
                    const int error = e.code().value();
                    if (is_answer(error) && ++answers_ <= most_answers) {
                        continue;
                    }
                    if (!is_answer(error) && !is_scarcity(error)) {
                        throw;
                    }
                    back_off();
                } catch (const std::bad_alloc&) {
                    back_off();
                }
            }
        } catch (const std::exception&) {
            error_ = std::current_exception();
            ended_.set();
        }
    }

    // Takes the slot before the datagram, so that datagrams wait in the kernel's queue; but in a Pool that others use
    // too, not before there is a datagram.
    void receive_one(std::string& buffer) {
        if (options_.pool != nullptr) {
            socket_.recv(Buffer(), {.peek = true});
        }
        detail::CrewPlace slot = crew_.enter(never, false);
        Address from;
        Datagram d;
        if (options_.pool == nullptr) {
            d = socket_.recv_from(buffer, from);
        } else if (const std::optional<Datagram> there = socket_.try_recv_from(buffer, from)) {
            d = *there;
        } else {
            return;
        }
        pause_ = options_.min_delay;
        answers_ = 0;
        handle(slot, buffer.substr(0, d.size), from);
    }

    void back_off() {
        sleep(pause_);
        const std::chrono::nanoseconds longest = options_.max_delay;
        pause_ = pause_ > longest / 2 ? longest : pause_ * 2;
    }

    // Starts the handler, which holds the slot until it ends. Drops the datagram if there is no stack or no memory.
    void handle(detail::CrewPlace& slot, std::string datagram, const Address& from) {
        try {
            const auto at = running_.emplace(running_.end());
            Place place(shared_from_this(), at);
            *at = spawn(SpawnOptions{.name = {}, .stack_size = options_.stack_size, .where = options_.where},
                        [place = std::move(place), datagram = std::move(datagram), from] {
                            place.core().run_handler(datagram, from);
                        });
            crew_.admit(slot, *at);
        } catch (const std::exception&) {
            report(ErrorKind::resources, from);
        }
    }

    void run_handler(const std::string& datagram, const Address& from) {
        try {
            handler_(datagram, from, server_);
        } catch (const StopServe&) {
            ended_.set();
        } catch (const std::exception&) {
            report(ErrorKind::handler, from);
        } catch (const Timeout::Expired&) {
            report(ErrorKind::handler, from);
        } catch (const Interrupt&) {
            throw;
        } catch (const abi::__forced_unwind&) {
            throw;
        } catch (...) {
            report(ErrorKind::handler, from);
        }
    }

    // Reports the exception that is being handled.
    void report(ErrorKind kind, const Address& from) {
        error_log_->report({.kind = kind, .peer = from, .error = std::current_exception(), .where = options_.where});
    }

    std::vector<AnyGreenlet> handlers() const { return {running_.begin(), running_.end()}; }

    void kill_handlers() {
        const std::vector<AnyGreenlet> left = handlers();
        killed_ += left.size();
        for (const AnyGreenlet& each : left) {
            each.kill_nowait();
        }
        join_all(left);
    }

    void end() noexcept {
        socket_.close();
        ended_.set();
        if (!std::exchange(left_pool_, true)) {
            crew_.unuse();
        }
    }

    DatagramServer& server_;
    UdpSocket socket_;
    Handler handler_;
    DatagramServerOptions options_;
    const std::shared_ptr<ErrorLog> error_log_;
    Pool own_pool_;  // of handlers, if the options name no other
    detail::Crew& crew_;
    Lock sending_;
    Event ended_;
    Running running_;  // the handlers
    std::chrono::nanoseconds pause_{};
    int answers_ = 0;  // of the network, since the last datagram
    bool left_pool_ = false;
    Greenlet<void> receiver_;
    bool started_ = false;
    bool stopped_ = false;
    std::size_t killed_ = 0;
    std::exception_ptr error_;  // what ended serving
};

void DatagramServer::make_core(UdpSocket socket, Handler handler, const DatagramServerOptions& options) {
    if (options.concurrency == 0 && options.pool == nullptr) {
        throw std::invalid_argument("a DatagramServer with a concurrency of 0 would never call a handler");
    }
    if (options.min_delay <= Duration() || options.max_delay < options.min_delay) {
        throw std::invalid_argument("a DatagramServer pauses for min_delay first, then up to max_delay: min_delay must "
                                    "be above 0, and max_delay not less");
    }
    core_ = std::make_shared<Core>(*this, std::move(socket), std::move(handler), options);
}

DatagramServer::~DatagramServer() {
    const Shield shield;
    core_->stop(0ns);
}

void DatagramServer::start() {
    core_->start();
}

std::size_t DatagramServer::stop(Duration drain) {
    return core_->stop(drain);
}

void DatagramServer::serve_forever() {
    start();
    try {
        core_->wait();
    } catch (...) {
        const Shield shield;
        core_->stop(0ns);
        throw;
    }
    core_->stop(std::chrono::seconds(1));
}

void DatagramServer::send_to(Bytes bytes, const Address& to, Deadline deadline) {
    core_->send_to(bytes, to, deadline);
}

Address DatagramServer::address() const {
    return core_->address();
}

bool DatagramServer::is_running() const noexcept {
    return core_->is_running();
}

std::size_t DatagramServer::running() const noexcept {
    return core_->running();
}

const ErrorLog& DatagramServer::error_log() const noexcept {
    return core_->error_log();
}

}  // namespace tendril
