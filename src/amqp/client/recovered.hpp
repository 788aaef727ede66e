// SPDX-License-Identifier: MIT
//
// Recovered: what lives on one of a Client's connections and is set up again on each new one: a publisher, a consumer,
// the topology. In one of the lists of a Keeper until it leaves.

#pragma once

#include <cstdint>
#include <exception>
#include <memory>

#include <tendril/detail/base/list.hpp>

namespace tendril::amqp::detail {

class ConnectionCore;

class Recovered : public tendril::detail::ListNode {
public:
    enum class SetUp : std::uint8_t { done, later };  // later: call again, soon

    // Opens its channel, and so on. Called by the Keeper's green thread; may wait. It need not handle the connection's
    // end, and may throw what that throws; it does handle what the broker refuses.
    virtual SetUp set_up(const std::shared_ptr<ConnectionCore>& connection) = 0;

    // No connection will come any more. It has left by then. Called once, unless it left before.
    virtual void hopeless(const std::exception_ptr& why) noexcept = 0;

    // Keeps it alive while set_up() waits.
    virtual std::shared_ptr<Recovered> share() = 0;

    // It is to be set up no more. Idempotent.
    void leave() noexcept {
        left_ = true;
        unlink();
    }
    bool left() const noexcept { return left_; }

protected:
    ~Recovered() = default;

private:
    bool left_ = false;
};

}  // namespace tendril::amqp::detail
