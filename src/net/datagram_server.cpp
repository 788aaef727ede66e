// SPDX-License-Identifier: MIT

#include <tendril/datagram_server.hpp>

#include <algorithm>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>

#include <tendril/error.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/lock.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/server.hpp>
#include <tendril/shield.hpp>
#include <tendril/timeout.hpp>

#include "base/on_exit.hpp"
#include "net/transfer.hpp"

namespace tendril {

namespace {

using namespace std::chrono_literals;
constexpr std::size_t largest_datagram = 65536;
constexpr std::chrono::milliseconds shortest_pause = 10ms;
constexpr std::chrono::milliseconds longest_pause = 1s;

bool passes(int error) noexcept {
    switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case ENOMEM:
    case ENOBUFS:
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
          slots_(options.concurrency) {}

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
            if (!handlers_.join(drain)) {
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
    std::size_t running() const noexcept { return handlers_.size(); }
    const ErrorLog& error_log() const noexcept { return *error_log_; }

private:
    // Receives until it is killed, or the socket is broken.
    void receive_all() {
        try {
            std::chrono::milliseconds pause = shortest_pause;
            std::string buffer(largest_datagram, '\0');
            for (;;) {
                slots_.acquire();
                bool taken = false;
                const detail::OnExit given_back([&] {
                    if (!taken) {
                        slots_.release();
                    }
                });
                Address from;
                try {
                    const Datagram d = socket_.recv_from(buffer, from);
                    pause = shortest_pause;
                    std::string datagram = buffer.substr(0, d.size);
                    taken = true;
                    handle(std::move(datagram), from);
                } catch (const std::system_error& e) {
                    if (!passes(e.code().value())) {
                        throw;
                    }
                    back_off(pause);
                } catch (const std::bad_alloc&) {
                    back_off(pause);
                }
            }
        } catch (const std::exception&) {
            error_ = std::current_exception();
            ended_.set();
        }
    }

    static void back_off(std::chrono::milliseconds& pause) {
        sleep(pause);
        pause = std::min(pause * 2, longest_pause);
    }

    // Starts the handler, which holds the slot until it ends. Drops the datagram if there is no stack or no memory.
    void handle(std::string datagram, const Address& from) {
        struct Slot {
            Semaphore* slots;
            explicit Slot(Semaphore& s) noexcept : slots(&s) {}
            Slot(Slot&& other) noexcept : slots(std::exchange(other.slots, nullptr)) {}
            ~Slot() {
                if (slots != nullptr) {
                    slots->release();
                }
            }
        };
        try {
            handlers_.spawn(SpawnOptions{.name = {}, .stack_size = options_.stack_size, .where = options_.where},
                            [this, slot = Slot(slots_), datagram = std::move(datagram), from] {
                                try {
                                    handler_(datagram, from, server_);
                                } catch (const StopServe&) {
                                    ended_.set();
                                } catch (const std::exception&) {
                                    report(ErrorKind::handler, from);
                                } catch (const Timeout::Expired&) {
                                    report(ErrorKind::handler, from);
                                }
                            });
        } catch (const std::exception&) {
            report(ErrorKind::resources, from);
        }
    }

    // Reports the exception that is being handled.
    void report(ErrorKind kind, const Address& from) {
        error_log_->report({.kind = kind, .peer = from, .error = std::current_exception(), .where = options_.where});
    }

    void kill_handlers() {
        killed_ += handlers_.size();
        handlers_.kill();
    }

    void end() noexcept {
        socket_.close();
        ended_.set();
    }

    DatagramServer& server_;
    UdpSocket socket_;
    Handler handler_;
    DatagramServerOptions options_;
    const std::shared_ptr<ErrorLog> error_log_;
    Semaphore slots_;
    Lock sending_;
    Event ended_;
    Group handlers_;
    Greenlet<void> receiver_;
    bool started_ = false;
    bool stopped_ = false;
    std::size_t killed_ = 0;
    std::exception_ptr error_;  // what ended serving
};

void DatagramServer::make_core(UdpSocket socket, Handler handler, const DatagramServerOptions& options) {
    if (options.concurrency == 0) {
        throw std::invalid_argument("a DatagramServer with a concurrency of 0 would never call a handler");
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
