// SPDX-License-Identifier: MIT
//
// A fiber's birth, life and end.

#include "hub/new_fiber.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace tendril::detail {

namespace {

// Everything between the arrival on the stack and the last switch away from it. In a frame of its own, so that nothing
// is left to destroy at that switch.
[[gnu::noinline]] void live(Fiber& self) noexcept {
    Ending ending = Ending::value;
    std::exception_ptr error;
    try {
        if (self.kill_pending) [[unlikely]] {  // killed before it began: its body never runs
            ending = Ending::killed;
            ++self.shields;       // the destructors of its captures may wait
            self.daemon = false;  // as in Fiber::attend()
            self.enter(self.closure, self.record, false);
            if (self.kill_error != nullptr) {
                std::rethrow_exception(std::exchange(self.kill_error, nullptr));
            }
        } else {
            self.started = true;
            if (self.record != nullptr) {
                self.record->started = true;
            }
            self.enter(self.closure, self.record, true);
        }
    } catch (const GreenletExit&) {
        ending = Ending::killed;
    } catch (...) {
        ending = Ending::error;
        error = std::current_exception();
    }

    if (HubCore::of(self).root == &self) [[unlikely]] {
        HubCore::of(self).end_of_child(error);
    }
    ++self.shields;  // no interrupt reaches it any more
    while (self.has_values()) {
        self.tree.clear();  // each may make others while it is destroyed
        destroy_locals(self);
        const InheritedPtr last = std::exchange(self.inherited, nullptr);
    }
    if (self.has_own_environment()) [[unlikely]] {
        self.end_own_environment();
    }
    self.ended = true;
    HubCore& hub = HubCore::of(self);
    Record* record = self.record;
    if (record == nullptr) {
        if (ending == Ending::error) {
            hub.report({self.id, {}, self.where, "green thread"}, error);
        }
    } else {
        end_record(*record, ending, std::move(error));
        release_record(record);
        self.record = nullptr;
    }
    if (--hub.live == 0 && hub.all_ended != nullptr) {
        hub.all_ended->resolve(Outcome::signalled);
    }
}

TENDRIL_OPAQUE void enter_fiber(Registers* registers) {
    auto& self = static_cast<Fiber&>(*static_cast<Flow*>(registers));
    flow_arrived(self);
    live(self);
    HubCore& hub = HubCore::of(self);
    Fiber& next = hub.retire(self);
    // Inline, like the jump that came here: calls and returns stay paired on either side, and the processor's
    // return-address stack is right for `next`.
    leave_flow(hub.words, hub.os.here, self, next);
}

std::byte* align_down(std::byte* p, std::size_t alignment) noexcept {
    return reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(p) & ~(alignment - 1));
}

}  // namespace

void destroy_locals(Fiber& fiber) noexcept {
    while (LocalValue* youngest = fiber.locals) {
        fiber.locals = youngest->older;
        youngest->destroy(youngest);
    }
}

LocalValue*& locals_here() {
    return HubCore::here().current->locals;
}

Fiber& new_fiber(HubCore& hub, const Blueprint& blueprint, const SpawnOptions& options) {
    // The pool needs the owner's address, which is on the very stack it is to provide: `stack.owner` is set right
    // after.
    StackTop& stack = hub.os.stacks.acquire(options.stack_size, hub.main);
    auto* place = reinterpret_cast<Fiber*>(align_down(stack.top() - sizeof(Fiber), alignof(StackTop)));
    auto* fiber = ::new (place) Fiber(hub, next_flow_id(), *hub.current, options);
    stack.owner = fiber;
    fiber->stack = &stack;
    fiber->begins_on(stack.bounds);
    fiber->enter = blueprint.enter;

    if (blueprint.closure_size > stack.bounds.size / 2) {
        fiber->~Fiber();
        hub.os.stacks.release(stack);
        throw std::invalid_argument(
            "the function to run takes " + std::to_string(blueprint.closure_size) +
            " bytes with its arguments, more than half of its stack; pass large things by pointer");
    }
    TENDRIL_ASSERT(blueprint.closure_alignment % closure_alignment<char> == 0);
    std::byte* closure =
        align_down(reinterpret_cast<std::byte*>(fiber) - blueprint.closure_size, blueprint.closure_alignment);
    fiber->closure = closure;
    prepare(*fiber, closure, &enter_fiber);
    return *fiber;
}

NewFiber::NewFiber(const Blueprint& blueprint, const SpawnOptions& options) {
    HubCore& hub = HubCore::here();
    fiber_ = &new_fiber(hub, blueprint, options);
    memory_ = fiber_->closure;
    Record* record = blueprint.record;
    if (record != nullptr) {
        record->owner = hub.os.serial;
        record->id = fiber_->id;
        record->where = options.where;
        fiber_->record = record;
        if (!options.name.empty()) {
            try {
                record->name = options.name;
            } catch (...) {
                abandon();
                throw;
            }
        }
    }
}

void NewFiber::abandon() noexcept {
    HubCore& hub = HubCore::of(*fiber_);
    StackTop& stack = *fiber_->stack;
    fiber_->~Fiber();
    hub.os.stacks.release(stack);
}

void NewFiber::start(const Deadline* delay) {
    HubCore& hub = HubCore::of(*fiber_);
    constexpr std::size_t main_callbacks_and_this = 3;
    try {
        hub.ready.reserve(hub.live + main_callbacks_and_this);
        if (delay != nullptr) {
            if (fiber_->daemon) {
                hub.timers.arm_background(fiber_->start_timer, *delay);
            } else {
                hub.timers.arm(fiber_->start_timer, *delay);
            }
        }
    } catch (...) {
        fiber_->enter(memory_, fiber_->record, false);  // the closure already exists: destroyed, not run
        throw;
    }
    if (delay == nullptr) {
        hub.ready.push(*fiber_);
    }
    ++hub.live;
    if (Record* record = fiber_->record; record != nullptr) {
        record->fiber = fiber_;
        ++record->references;
    }
    Fiber& started = *std::exchange(fiber_, nullptr);
    if (!hub.spawn_hooks.empty()) [[unlikely]] {
        hub.run_spawn_hooks(started);
    }
}

void refuse_empty_callable() {
    throw std::invalid_argument("there is nothing to run: the function given to spawn is empty");
}

}  // namespace tendril::detail
