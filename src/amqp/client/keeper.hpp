// SPDX-License-Identifier: MIT
//
// Keeper: one of a Client's two connections, made again as long as there is hope, by a green thread of its own, which
// also sets up what lives on the connection. Nothing else makes attempts, so there is at most one at a time.
//
//   1. Every Recovered that has not left is in exactly one list: wanted_ (to be set up), later_ (the same, after a
//      pause), idle_ (set up, or not wanted at present).
//   2. It is up when there is a connection and wanted_ has been empty once since that was made.
//   3. After end() nothing is made any more, and each Recovered has been told.

#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/connection.hpp>
#include <tendril/amqp/url.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/base/list.hpp>
#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/greenlet.hpp>

#include "amqp/client/recovered.hpp"
#include "amqp/connection/connection_core.hpp"
#include "amqp/protocol/backoff.hpp"

namespace tendril::amqp::detail {

class Keeper final : public ConnectionListener {
public:
    struct Owner {
        virtual std::shared_ptr<Owner> share_owner() = 0;  // held by the Keeper's green thread
        virtual void report(ClientEvent::Kind kind, bool publishing, std::string_view text) noexcept = 0;
        virtual void hopeless(const std::exception_ptr& why) noexcept = 0;  // ends the Client

    protected:
        ~Owner() = default;
    };

    // The owner outlives it.
    Keeper(Owner& owner, Url url, const ClientOptions& options, bool publishing);
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;
    ~Keeper();

    void start();  // Does nothing after the first time. Throws: as spawn()
    bool started() const noexcept { return static_cast<bool>(greenlet_); }

    // To be set up: as the last; before all others, now and on each new connection; after a pause.
    void want(Recovered& one) noexcept;
    void want_first(Recovered& one) noexcept;
    void want_later(Recovered& one) noexcept;

    // Waits until it is up. Returns: the connection. Throws: TimeoutError; Interrupt; what ended it.
    std::shared_ptr<ConnectionCore> await_up(Deadline deadline);
    bool up() const noexcept { return up_; }
    const std::shared_ptr<ConnectionCore>& connection() const noexcept { return core_; }  // null: there is none
    void check() const;                                                                   // Throws: what ended it
    std::string trouble() const;  // why there is no connection, for the texts of errors

    std::uint64_t connects() const noexcept { return connects_; }
    std::uint64_t losses() const noexcept { return losses_; }

    // Says goodbye to the broker, and makes no other connection. Throws: Interrupt.
    void close(Deadline deadline);
    // For good, without waiting: drops the connection, and tells each Recovered. Idempotent.
    void end(const std::exception_ptr& why) noexcept;

    // Of the connection.
    void blocked(std::string_view reason) noexcept override;
    void unblocked() noexcept override;
    void ended(const std::exception_ptr& why) noexcept override;

private:
    void run();
    void connect();
    std::exception_ptr try_connect();
    void serve();
    void set_up(Recovered& one);
    void now_up();
    void await_work();
    void lose();
    void note_failure(const std::exception_ptr& why);
    bool is_hopeless(const std::exception_ptr& why) const;
    void report(ClientEvent::Kind kind, std::string_view text) noexcept;
    bool ending() const noexcept { return end_ != nullptr || closing_; }
    void wake() noexcept { work_.wake_all(tendril::detail::Outcome::signalled); }

    Owner& owner_;
    const Url url_;
    ConnectionOptions options_;
    const Duration connect_timeout_;
    const Duration pause_;
    const std::size_t attempts_;
    const bool publishing_;

    AnyGreenlet greenlet_;
    std::optional<Connection> handle_;
    std::shared_ptr<ConnectionCore> core_;
    bool up_ = false;
    std::exception_ptr lost_;     // why the connection has ended, until that was dealt with
    std::exception_ptr end_;      // not null: there is no hope
    std::exception_ptr failure_;  // of the last attempt, since it was up last

    Backoff backoff_;
    bool closing_ = false;
    bool pause_first_ = false;  // before the next attempt
    std::size_t failed_ = 0;    // attempts in a row
    std::uint64_t connects_ = 0;
    std::uint64_t losses_ = 0;

    Recovered* first_ = nullptr;
    tendril::detail::List<Recovered> wanted_;
    tendril::detail::List<Recovered> later_;
    tendril::detail::List<Recovered> idle_;
    Deadline later_at_;
    tendril::detail::WaitQueue work_{"an amqp::Client"};
    tendril::detail::WaitQueue waiters_{"an amqp::Client"};
};

// what() of an exception.
std::string text_of(const std::exception_ptr& error);

}  // namespace tendril::amqp::detail
