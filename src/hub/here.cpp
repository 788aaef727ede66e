// SPDX-License-Identifier: MIT

#include "hub/here.hpp"

#include "hub/hub_core.hpp"

namespace tendril::detail::here {

bool in_foreign_child() noexcept {
    return HubCore::here().in_foreign_child();
}

std::int64_t asked_ns() noexcept {
    return HubCore::here().asked_ns();
}

void give_back_stack() noexcept {
    constexpr std::uintptr_t leaf = 512;  // bytes below this frame: for discard() itself, and the red zone
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    StackTop* stack = fiber().stack;
    if (stack != nullptr &&
        stack->bounds.contains(reinterpret_cast<const void*>(here))) {  // else the caller runs in a raw context
        StackPool::trim_below(*stack, reinterpret_cast<const void*>(here - leaf));
    }
}

void outlive_hub(bool on) noexcept {
    HubCore& hub = HubCore::here();
    if (on != hub.current->outlives_hub) {
        hub.current->outlives_hub = on;
        hub.outliving += on ? 1 : -1;
    }
}

void leave_all_suspended() noexcept {
    HubCore& hub = HubCore::here();
    for (Fiber* each : hub.fibers()) {
        if (!each->outlives_hub) {
            each->outlives_hub = true;
            ++hub.outliving;
        }
    }
}

void around_sleep(const AroundSleep* calls) noexcept {
    HubCore::here().around_sleep = calls;
}

void report(const ErrorContext& context, const std::exception_ptr& error) noexcept {
    HubCore::here().report(context, error);
}

bool has_error_handler() noexcept {
    return HubCore::here().error_handler != nullptr || HubCore::has_common_error_handler();
}

void when_poked(void (*f)() noexcept) {
    if (HubCore& hub = HubCore::here(); !hub.poked.linked()) [[unlikely]] {
        hub.have_signals().watch_pokes(hub.poked);
        hub.poked.call = f;
    }
}

void poke() noexcept {
    Signals::poke();
}

void post(HubCallback& callback) noexcept {
    HubCore::here().post(callback);
}

void prepare_to_post() {
    HubCore::here().have_callback_fiber();
}

void keep_awaiting(Presence& presence) noexcept {
    if (HubCore& hub = HubCore::here(); !hub.current->daemon) {
        hub.keeping.push_back(presence);
    }
}

const std::shared_ptr<Mailbox>& mailbox() {
    return HubCore::here().mailbox;
}

bool may_spin() noexcept {
    const HubCore* const hub = HubCore::if_any();
    return hub != nullptr && hub->may_spin() && hub->ready.empty() && hub->idlers.empty() &&
           hub->idle_watchers.empty() && hub->current->attention == 0;
}

bool spin_until(bool (*done)(const void* object), const void* object) noexcept {
    return HubCore::here().spin_until(done, object);
}

std::vector<Fiber*> fibers() {
    return HubCore::here().fibers();
}

pid_t fork() {
    return HubCore::here().fork();
}

void reinit() {
    if (has_hub() && HubCore::here().in_foreign_child()) {
        HubCore::here().reinit();
    }
}

}  // namespace tendril::detail::here
