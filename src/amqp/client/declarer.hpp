// SPDX-License-Identifier: MIT
//
// Declarer: declares a Client's topology on each new connection, before anything else is set up there, and again when
// somebody misses something.

#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include <tendril/amqp/channel.hpp>
#include <tendril/deadline.hpp>
#include <tendril/detail/sync/wait_queue.hpp>

#include "amqp/client/keeper.hpp"
#include "amqp/client/recovered.hpp"
#include "amqp/protocol/topology_plan.hpp"

namespace tendril::amqp::detail {

// One step, on a channel that is open. Throws: as Channel's calls.
void declare(Channel& channel, const Declaration& what, Deadline deadline);

class Declarer final : public Recovered {
public:
    explicit Declarer(Keeper::Owner& owner) noexcept : owner_(owner) {}

    TopologyPlan& plan() noexcept { return plan_; }

    // How often all was declared. await_round() waits until that is more than `rounds`. Throws: as a wait; what ended
    // the Client.
    std::uint64_t rounds() const noexcept { return rounds_; }
    void await_round(std::uint64_t rounds);

    // What the broker refuses is reported, and does not stop the others. An exclusive queue that an old connection of
    // ours still locks, and its bindings, are tried again later.
    SetUp set_up(const std::shared_ptr<ConnectionCore>& connection) override;
    void hopeless(const std::exception_ptr& why) noexcept override;
    std::shared_ptr<Recovered> share() override;

private:
    class Round;

    Keeper::Owner& owner_;
    TopologyPlan plan_;
    std::uint64_t rounds_ = 0;
    std::exception_ptr end_;
    std::weak_ptr<ConnectionCore> connection_;  // of the last round
    std::set<std::string> reported_;            // on this connection
    Deadline patience_;                         // for locked queues
    tendril::detail::WaitQueue waiters_{"an amqp::Client"};
};

// How long what an old connection of ours still holds is tried again: until the broker has noticed its end.
Duration patience_of(const ConnectionCore& connection) noexcept;

}  // namespace tendril::amqp::detail
