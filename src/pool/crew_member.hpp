// SPDX-License-Identifier: MIT
//
// CrewMember: one green thread of a Crew. Not for users.

#pragma once

#include <utility>

#include "hub/here.hpp"
#include "hub/waiter.hpp"
#include "pool/crew.hpp"

namespace tendril::detail {

// In the crew from admission until the hub has noted the end. The record refers to it only until that end.
struct CrewMember final : CrewNode, Observer, HubCallback {
    Crew& crew;
    Record* record = nullptr;  // not counted as a reference: its green thread keeps it
    bool has_slot = true;
    bool lends = false;
    bool killed = false;        // by its crew, which kills it only once
    Waiter* in_line = nullptr;  // it waits for its own slot by this

    explicit CrewMember(Crew& c) noexcept
        : Observer([](Observer& self) noexcept { static_cast<CrewMember&>(self).ended(); }), crew(c) {}

    void ended() noexcept {
        std::exchange(record, nullptr)->membership = nullptr;
        here::post(*this);
    }
    void run() noexcept override { crew.remove(*this); }
};

inline void destroy(CrewMember& member) noexcept {
    member.~CrewMember();
    free_record(&member, sizeof(CrewMember));
}

}  // namespace tendril::detail
