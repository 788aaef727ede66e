// SPDX-License-Identifier: MIT
//
// PublishGate: the first on a Client's publishing connection. Holds up the publishers behind it until the other
// connection has declared the topology, so that no message meets an exchange that is about to be declared: after both
// were lost, the one that publishes may be there first.

#pragma once

#include <memory>

#include "amqp/client/declarer.hpp"
#include "amqp/client/keeper.hpp"
#include "amqp/client/recovered.hpp"

namespace tendril::amqp::detail {

class PublishGate final : public Recovered {
public:
    PublishGate(Keeper::Owner& owner, Keeper& other, Declarer& declarer) noexcept
        : owner_(owner), other_(other), declarer_(declarer) {}

    SetUp set_up(const std::shared_ptr<ConnectionCore>&) override {
        const std::uint64_t rounds = passed_ ? declarer_.rounds() : 0;
        if (passed_ && !declarer_.plan().empty()) {
            other_.want_first(declarer_);  // which finds out whether that connection lives
        }
        if (!passed_ || !declarer_.plan().empty()) {
            declarer_.await_round(rounds);
        }
        passed_ = true;
        return SetUp::done;
    }
    void hopeless(const std::exception_ptr&) noexcept override {}
    std::shared_ptr<Recovered> share() override { return {owner_.share_owner(), this}; }

private:
    Keeper::Owner& owner_;
    Keeper& other_;
    Declarer& declarer_;
    bool passed_ = false;
};

}  // namespace tendril::amqp::detail
