// SPDX-License-Identifier: MIT
//
// PoolSlots: a server's use of the caller's Pool (StreamServerOptions::pool), if there is one. Each handler has a slot
// of it; while none is free, serving stands in line for the next one, with all other spawners.

#pragma once

#include <optional>

#include <tendril/pool.hpp>

#include "hub/descriptor.hpp"
#include "pool/crew.hpp"

namespace tendril::detail {

class PoolSlots {
public:
    // Throws: WrongThread.
    explicit PoolSlots(Pool* pool) : pool_(pool) {
        if (pool_ != nullptr) {
            crew().check_thread();
        }
    }

    // While one lives, destroying the Pool is refused.
    class Use {
    public:
        explicit Use(PoolSlots& slots) noexcept;
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        ~Use();

    private:
        PoolSlots& slots_;
    };

    bool any() const noexcept { return pool_ != nullptr; }

    // All that follows requires any(), except drop().
    bool full() const noexcept { return !held_.has_value() && pool_->full(); }

    // Waits for a slot, and holds it then. Returns without one if AcceptLoop::wake() or the listener's close ends the
    // wait. Requires: full(). Throws: Interrupt.
    void wait(Descriptor& listener);

    void drop() noexcept { held_.reset(); }  // gives the held slot to others

    CrewPlace take();  // Requires: not full().
    void admit(CrewPlace& slot, const AnyGreenlet& handler) noexcept { crew().admit(slot, handler); }

private:
    Crew& crew() const noexcept { return CrewAccess::of(*pool_); }

    Pool* pool_;
    std::optional<CrewPlace> held_;
};

}  // namespace tendril::detail
