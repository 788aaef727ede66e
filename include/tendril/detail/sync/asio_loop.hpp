// SPDX-License-Identifier: MIT
//
// AsioLoop: Asio's loop around the hub, in one OS thread. Not for users: tendril/asio.hpp

#pragma once

#include <asio/error_code.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>

#include <tendril/deadline.hpp>
#include <tendril/detail/sync/asio_operation.hpp>
#include <tendril/hub.hpp>

namespace tendril::detail {

class AsioLoop {
public:
    explicit AsioLoop(asio::io_context& io) : io_(io), events_(io, hub_.descriptor()), timer_(io) {
        AsioScratches::here().runs_here = &io;
    }
    AsioLoop(const AsioLoop&) = delete;
    AsioLoop& operator=(const AsioLoop&) = delete;
    ~AsioLoop() {
        AsioScratches::here().runs_here = nullptr;
        events_.release();  // it is the hub's
        timer_.cancel();
        const std::shared_ptr<bool> gone = gone_;
        *gone = true;
    }

    template <class Done>
    void run(Done done) {
        due_ = true;
        while (!done() && !io_.stopped()) {
            due_ ? static_cast<void>(hub_.turn()) : hub_.run_ready();
            const Deadline next = hub_.next_turn();
            due_ = next.ns() == 0;  // there is more to do
            const InHandlers in_handlers;
            if (!done() && poll() == 0 && !due_) {
                watch();
                await(next);
                io_.run_one();
            }
        }
    }

private:
    // The blocking watch looks at handlers, since they hold the hub, but not at the sleep in run_one().
    std::size_t poll() {
        struct Inside {
            Hub& hub;
            explicit Inside(Hub& h) noexcept : hub(h) { hub.set_outside(false); }
            Inside(const Inside&) = delete;
            Inside& operator=(const Inside&) = delete;
            ~Inside() { hub.set_outside(true); }
        } const inside(hub_);
        return io_.poll();
    }
    struct InHandlers {
        bool& flag = AsioScratches::here().in_handlers;
        InHandlers() noexcept { flag = true; }
        InHandlers(const InHandlers&) = delete;
        InHandlers& operator=(const InHandlers&) = delete;
        ~InHandlers() { flag = false; }
    };

    // Until the hub has events. The hub gets its turn in the handler: poll() returns only when nothing is left to do.
    void watch() {
        if (!watching_) {
            watching_ = true;
            events_.async_wait(asio::posix::stream_descriptor::wait_read,
                               [this, gone = gone_](const asio::error_code&) {
                                   if (!*gone) {
                                       watching_ = false;
                                       static_cast<void>(hub_.turn());
                                   }
                               });
        }
    }
    // Until one of its timers is due.
    void await(Deadline next) {
        if (next == armed_) {
            return;
        }
        armed_ = next;
        if (next.is_never()) {
            timer_.cancel();
            return;
        }
        timer_.expires_at(asio::steady_timer::time_point(std::chrono::nanoseconds(next.ns())));
        timer_.async_wait([this, gone = gone_](const asio::error_code& error) {
            if (!error && !*gone) {
                armed_ = never;
                static_cast<void>(hub_.turn());
            }
        });
    }

    Hub& hub_ = Hub::current();
    asio::io_context& io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
    asio::posix::stream_descriptor events_;
    asio::steady_timer timer_;
    bool due_ = true;  // for a turn of the hub
    bool watching_ = false;
    Deadline armed_;
    std::shared_ptr<bool> gone_ = std::make_shared<bool>(false);
};

}  // namespace tendril::detail
