// SPDX-License-Identifier: MIT

#include <tendril/stream_server.hpp>

#include <cxxabi.h>

#include <stdexcept>
#include <string>

#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>

#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "net/accept_group.hpp"

namespace tendril {

namespace detail {

// Shared by the server and the green thread that serves.
class StreamServerCore {
public:
    StreamServerCore(OwnedListener listener, const StreamServerOptions& options)
        : listener_(std::move(listener)), error_log_(options.error_log),
          group_(*listener_.listener, true, listener_.handler, options) {}

    void start(const std::shared_ptr<StreamServerCore>& self) {
        require_here();
        if (stopped_) {
            throw std::logic_error("this StreamServer has been stopped: make another one");
        }
        if (!std::exchange(started_, true)) {
            try {
                group_.start_other_hubs();
            } catch (...) {
                stopped_ = true;
                throw;
            }
            greenlet_ = spawn({.name = "StreamServer"}, [self] { self->run(); });
        }
    }

    std::size_t stop(Duration drain) {
        require_here();
        if (group_.handles_here()) {
            throw std::logic_error(
                "a handler that stops its own StreamServer would wait for its own end: throw StopServe instead, or let "
                "another green thread stop it");
        }
        stopped_ = true;
        group_.stop(drain);
        try {
            join();
        } catch (...) {
            const Shield shield;
            group_.stop(Duration());
            join();
            throw;
        }
        listener_.listener->close();
        return group_.killed();
    }

    // Ends serving without a drain, for the destructor of StreamServer, which may run anywhere.
    void abandon() {
        if (owner_ != OsThread::current_serial()) {
            report("a StreamServer of OS thread " + std::to_string(owner_) + " was destroyed on OS thread " +
                   std::to_string(OsThread::current_serial()) + "; it keeps serving: destroy it where it was made");
        } else if (group_.handles_here()) {  // a handler cannot wait for its own end
            stopped_ = true;
            group_.stop(Duration());
        } else {
            const Shield shield;
            stop(Duration());
        }
    }

    void pause(bool paused) {
        require_here();
        group_.pause(paused);
    }

    void wait() {
        if (serves()) {
            waiters_.wait("StreamServer::serve_forever", nullptr, never);
        }
        stopped_ = true;
        listener_.listener->close();
        if (error_ != nullptr) {
            std::rethrow_exception(std::exchange(error_, nullptr));
        }
    }

    bool is_running() const noexcept { return serves() && !stopped_; }
    std::size_t running() const noexcept { return serves() ? group_.running() : 0; }
    const Listener& listener() const noexcept { return *listener_.listener; }
    const ErrorLog& error_log() const noexcept { return *error_log_; }

private:
    void require_here() const { here::require_owner("a StreamServer", owner_); }

    // Asks the green thread itself, since in the child of a fork() it has ended like all frozen ones.
    bool serves() const noexcept { return greenlet_ && !greenlet_.ready(); }
    void join() {
        if (serves()) {
            greenlet_.join();
        }
    }

    void run() {
        const OnExit ended([this] { waiters_.wake_all(Outcome::signalled); });
        try {
            group_.run();
        } catch (const Interrupt&) {
            throw;
        } catch (const abi::__forced_unwind&) {  // the OS thread is cancelled
            throw;
        } catch (...) {
            listener_.listener->close();  // resets the clients in its backlog
            if (!waiters_.any()) {
                throw;  // to the hub's error handler
            }
            error_ = std::current_exception();
        }
    }

    const std::uint64_t owner_ = here::owner();  // the OS thread
    OwnedListener listener_;
    const std::shared_ptr<const ErrorLog> error_log_;
    AcceptGroup group_;
    bool started_ = false;
    bool stopped_ = false;
    AnyGreenlet greenlet_;                 // runs run()
    WaitQueue waiters_{"a StreamServer"};  // in wait()
    std::exception_ptr error_;             // what ended serving; one of the waiters throws it
};

}  // namespace detail

void StreamServer::make_core(detail::OwnedListener listener, const StreamServerOptions& options) {
    core_ = std::make_shared<detail::StreamServerCore>(std::move(listener), options);
}

StreamServer::~StreamServer() {
    core_->abandon();
}

void StreamServer::start() {
    core_->start(core_);
}

std::size_t StreamServer::stop(Duration drain) {
    return core_->stop(drain);
}

void StreamServer::serve_forever() {
    start();
    try {
        core_->wait();
    } catch (...) {
        const Shield shield;
        core_->stop(Duration());
        throw;
    }
}

void StreamServer::stop_accepting() {
    core_->pause(true);
}

void StreamServer::start_accepting() {
    core_->pause(false);
}

Address StreamServer::address() const {
    return core_->listener().address();
}

bool StreamServer::is_running() const noexcept {
    return core_->is_running();
}

std::size_t StreamServer::running() const noexcept {
    return core_->running();
}

const ErrorLog& StreamServer::error_log() const noexcept {
    return core_->error_log();
}

}  // namespace tendril
