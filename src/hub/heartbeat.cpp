// SPDX-License-Identifier: MIT
//
// The hub's side of the blocking watch: the code that runs in the hub's own OS thread, in the signal handler too.

#include "hub/heartbeat.hpp"

#include <algorithm>
#include <cstring>

#include "base/libc.hpp"
#include "context/backtrace.hpp"
#include "hub/blocking_watch.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

Heartbeat::Heartbeat(HubCore& core)
    : hub(core), thread(libc.pthread_self()), os_serial(core.os.serial), kernel_thread(0) {
    BlockingWatch::the().join_list(*this);
}

void Heartbeat::leave() noexcept {
    BlockingWatch::the().leave_list(*this);
}

// Either the watching OS thread sees that the hub is awake, or this sees that the watching OS thread dozes.
void Heartbeat::wake_up() noexcept {
    asleep_.store(false, std::memory_order_seq_cst);
    BlockingWatch::the().wake_if_dozing();
}

// Runs in a signal handler, so it may interrupt anything that this OS thread does. What it reads of the hub is
// consistent, because nothing has moved for long; what may just be moving is only compared.
void Heartbeat::look(std::int64_t threshold_ns, const void* interrupted_at) noexcept {
    if (asleep_.load(std::memory_order_relaxed) || threshold_ns <= 0) {
        return;
    }
    const Moment moment{hub.current->id, beats_.load(std::memory_order_relaxed), hub.budget};
    const std::int64_t now = Deadline::now_ns();
    if (!(moment == noted_) || noted_at_ns_ == 0) {
        noted_ = moment;
        noted_at_ns_ = now;
        told_.store(false, std::memory_order_relaxed);
    } else if (now - noted_at_ns_ >= threshold_ns && !told_.load(std::memory_order_relaxed) &&
               !sighted_.load(std::memory_order_acquire) && !inside_jump(interrupted_at) && !harms_nobody() &&
               !allowed(now)) {
        see(now - noted_at_ns_);
        told_.store(true, std::memory_order_relaxed);
        sighted_.store(true, std::memory_order_release);
    }
}

bool Heartbeat::harms_nobody() const noexcept {
    return hub.current == &hub.main && hub.live == 0 && hub.asyncs.empty() && !hub.mailbox->expected();
}

bool Heartbeat::allowed(std::int64_t now_ns) const noexcept {
    for (const BlockingAllowed* each = hub.blocking_allowed; each != nullptr; each = each->next_) {
        if (each->greenlet_ == hub.current->id && now_ns < each->until_ns_) {
            return true;
        }
    }
    return false;
}

void Heartbeat::see(std::int64_t held_ns) noexcept {
    const Fiber& fiber = *hub.current;
    sighting_.greenlet = fiber.id;
    sighting_.where = fiber.where;
    sighting_.main = &fiber == &hub.main;
    sighting_.in_callback = &fiber == hub.callback_fiber || (fiber.attention & Fiber::in_callback) != 0;
    sighting_.held_ns = held_ns;
    sighting_.name[0] = 0;
    if (fiber.record != nullptr && !fiber.ended && unreadable_ == 0) {
        const std::size_t size = std::min(fiber.record->name.size(), sighting_.name.size() - 1);
        std::memcpy(sighting_.name.data(), fiber.record->name.data(), size);
        sighting_.name[size] = 0;
    }
    sighting_.depth = backtrace_interrupted(sighting_.addresses);
}

}  // namespace tendril::detail
