// SPDX-License-Identifier: MIT

#include "hub/fiber.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/report.hpp"
#include "hub/hub_core.hpp"
#include "hub/keyboard_interrupt.hpp"

namespace tendril::detail {

bool Fiber::parked() const noexcept {
    return waiter != nullptr && waiter->open();
}

bool Fiber::interruptible() const noexcept {
    return shields == 0 && !unwinds();
}

bool Fiber::must_attend() const noexcept {
    return (attention & in_callback) != 0 || ((attention & interrupted) != 0 && interruptible());
}

bool Fiber::unwinds() const noexcept {
    const unsigned uncaught = runs() ? hub.words.eh->uncaught : eh.uncaught;
    return uncaught != 0 || (tree.root != nullptr && tree.unwinds());
}

void Fiber::kill(std::exception_ptr error) noexcept {
    if (!kill_pending && !outlives_hub) {
        kill_pending = true;
        kill_error = std::move(error);
        interrupt();
    }
}

void Fiber::expire(Expiry& expiry) noexcept {
    expiries.push_back(expiry);
    interrupt();
}

void Fiber::withdraw(Expiry& expiry) noexcept {
    if (!expiry.linked()) {
        return;
    }
    // Another green thread may withdraw it after it broke this one's wait off. That is too late: the wait has no other
    // outcome.
    const bool decided = !runs() && waiter != nullptr && waiter->outcome == Outcome::interrupted;
    if (!decided) {
        expiry.unlink();
        settle_attention();
    }
}

void Fiber::interrupt() noexcept {
    attention |= interrupted;
    if (start_timer.armed()) {
        hub.timers.cancel(start_timer);
        hub.ready.push(*this);  // it ends when it runs, without running its body
    } else if (waiter != nullptr && interruptible()) {
        waiter->resolve(Outcome::interrupted);
    }
}

void Fiber::settle_attention() noexcept {
    if (!kill_pending && expiries.empty() && HubCore::of(hub).fatal == nullptr) {
        attention &= static_cast<std::uint8_t>(~interrupted);
    }
}

namespace {

[[noreturn]] void throw_kill(const Fiber& in, std::exception_ptr error) {
    if (error == nullptr) {
        throw GreenletExit();
    }
    if (is_keyboard_interrupt(error)) {
        expect_keyboard_interrupt(in);
    }
    std::rethrow_exception(std::move(error));
}

}  // namespace

void Fiber::attend(const BrokenWait& wait) {
    if ((attention & in_callback) != 0) {
        throw HubBlocked("a callback that runs in the hub must not wait; let it spawn a green thread that does");
    }
    if (HubCore& core = HubCore::of(hub); this == core.root && core.fatal != nullptr) {
        if (std::uncaught_exceptions() > 0) {
            tendril::detail::report("the main green thread waits while it unwinds, and", core.fatal);
            std::abort();
        }
        std::rethrow_exception(std::exchange(core.fatal, nullptr));
    }
    if (!interruptible()) {
        return;
    }
    if (kill_pending) {
        kill_pending = false;
        settle_attention();
        daemon = false;  // what it waits for while it unwinds is waited for by its killer, too
        throw_kill(*this, std::exchange(kill_error, nullptr));
    }
    Expiry* expiry = expiries.pop_front();
    settle_attention();
    if (expiry != nullptr) {
        expiry->raise(*expiry, wait);
    }
}

void StartTimer::due(Timer& timer) noexcept {
    Fiber& fiber = static_cast<StartTimer&>(timer).fiber;
    fiber.hub.ready.push(fiber);
}

std::size_t Fiber::describe(char* out, std::size_t size) const noexcept {
    const char* name = record != nullptr ? record->name.c_str() : "";
    const int n = std::snprintf(out, size, "green thread %llu%s%s%s (stack of %zu KiB), spawned at %s:%d",
                                static_cast<unsigned long long>(id), *name != 0 ? " \"" : "", name,
                                *name != 0 ? "\"" : "", stack->size >> 10, where.file, where.line);
    return std::min(static_cast<std::size_t>(n), size - 1);
}

}  // namespace tendril::detail
