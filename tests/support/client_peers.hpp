// SPDX-License-Identifier: MIT
//
// ClientPeers: an amqp::Client and the broker's ends of its connections, for tests that play the broker themselves,
// step by step, while other green threads use the Client.

#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tendril/amqp/client.hpp>
#include <tendril/greenlet.hpp>

#include "fake_broker.hpp"

namespace tendril::amqp::testing {

struct ClientPeers {
    FakeBroker broker;
    std::vector<std::string> events;  // "lost (publishing): text"
    std::optional<Client> client;
    FakePeer c;  // of the connection for all but publishing

    explicit ClientPeers(ClientOptions options = {})
        : client(std::in_place, broker.url(), with_events(std::move(options))), c(broker.accept()) {}
    ClientPeers(const ClientPeers&) = delete;
    ClientPeers& operator=(const ClientPeers&) = delete;

    FakePeer accept_publishing() { return broker.accept(); }

    // Lets others run until an event has this in its text.
    void until_event(const std::string& part) const {
        while (std::none_of(events.begin(), events.end(),
                            [&](const std::string& each) { return each.find(part) != std::string::npos; })) {
            yield();
        }
    }

private:
    ClientOptions with_events(ClientOptions options) {
        options.first_retry = std::chrono::milliseconds(1);
        options.on_event = [this](const ClientEvent& event) {
            const char* const names[] = {"connected", "lost",      "failed",        "hopeless",
                                         "blocked",   "unblocked", "topology_error"};
            std::string text = names[static_cast<int>(event.kind)];
            text += event.publishing ? " (publishing)" : "";
            events.push_back(text + (event.text.empty() ? "" : ": " + event.text));
        };
        return options;
    }
};

}  // namespace tendril::amqp::testing
