// SPDX-License-Identifier: MIT
//
// The hub in the child of a fork(): fresh, and only with the green thread that called fork().
//
// The others are frozen: they never run again and are not unwound, because what they hold is the parent's. Their stacks
// stay, since the calling green thread may refer to objects there. Handles and pools see them as killed. Their nodes in
// lists of surviving objects (waiters in a queue, say) can no longer be resolved, so nothing is handed to them.
// Watchers are stopped, except Fork's; Asyncs get no more sends; links of frozen green threads are dropped, since their
// callbacks are the parent's. Owned descriptors stay open.

#include <cstdlib>
#include <optional>

#include <tendril/shield.hpp>

#include "base/at_fork.hpp"
#include "base/report.hpp"
#include "base/sys.hpp"
#include "hub/blocking_watch.hpp"
#include "hub/hub_core.hpp"
#include "hub/keyboard_interrupt.hpp"

namespace tendril::detail {

namespace {

class FrozenStack final : public StackOwner {
public:
    std::size_t describe(char* out, std::size_t size) const noexcept override {
        const int n = std::snprintf(out, size, "a green thread of the parent process");
        return std::min(static_cast<std::size_t>(n), size - 1);
    }
};
const FrozenStack frozen_stack;

}  // namespace

pid_t HubCore::fork() {
    refuse_in_callback();
    os.refuse_in_observer();
    have_callback_fiber();             // so that the child need not allocate it
    const BlockingWatch::Pause pause;  // else a handler in the watching OS thread might hold a lock of the C library
    const pid_t pid = sys::fork();
    if (pid == 0) {
        begin_in_child();
    }
    return pid;
}

void HubCore::reinit() {
    refuse_in_callback();
    os.refuse_in_observer();
    have_callback_fiber();  // as fork() does, so that there is one to freeze
    begin_in_child();
}

void HubCore::begin_in_child() noexcept {
    BlockingWatch::the().restart_in_child();
    open_inspection_if_asked();
    generation = fork_generation();
    Fiber& me = *current;
    try {
        const char* name = backend->name();
        descriptors.forget_waits();
        backend = nullptr;  // closes the child's copy of its descriptors; the parent's stay as they are
        backend = make_backend(name);
        collects_mail = false;
        mailbox->forked();
        mailbox = std::make_shared<Mailbox>(*backend);
        freeze_others();
        forget_others();
        Signals::forget_handlers();
        signals = nullptr;
        Signals::forget_others();
        root = &me;
        callback_fiber = nullptr;
        have_callback_fiber();
        drop_callbacks();  // which were due in the parent
        if (sys::on_first_thread()) {
            have_signals().watch_interrupt();
        }
    } catch (...) {
        tendril::detail::report("the child of a fork() cannot have a hub", std::current_exception());
        std::abort();
    }
    for (LoopEvent* each = fork_watchers.front(); each != nullptr; each = fork_watchers.after(*each)) {
        each->due();
    }
    const Shield shield;
    yield();  // lets the callbacks run
}

void HubCore::freeze_others() noexcept {
    std::vector<Fiber*> others = fibers();
    others.push_back(&main);
    others.push_back(callback_fiber);
    std::erase(others, current);
    const auto frozen = [this](const void* at) {
        const StackTop* stack = os.stacks.find(at);
        return stack != nullptr ? stack->owner == &frozen_stack : current != &main && os.own_stack.contains(at);
    };
    take_back_handed();
    for (Fiber* fiber : others) {
        if (fiber->waiter != nullptr) {
            fiber->waiter->freeze();
        }
        timers.cancel(fiber->start_timer);
        if (fiber->stack != nullptr) {
            fiber->stack->owner = &frozen_stack;
            abandon_stack(fiber->stack->bounds);
        } else {  // the main one's: that of the OS thread, which the child has left for good
            abandon_stack(os.own_stack);
        }
    }
    for (ActiveWatcher *each = watchers.front(), *next = nullptr; each != nullptr; each = next) {
        next = watchers.after(*each);
        each->forked();
    }
    timers.cancel_if(frozen);
    for (Fiber* fiber : others) {
        if (Record* record = std::exchange(fiber->record, nullptr); record != nullptr) {
            drop_links(*record);
            end_record(*record, Ending::killed, nullptr);
            release_record(record);
        }
    }
}

// Takes back what was handed to green threads that have not run since. From the last to the first, so that the items
// return in their old order.
void HubCore::take_back_handed() noexcept {
    for (std::size_t i = ready.size(); i-- > 0;) {
        Waiter* waiter = ready.at(i).waiter;
        if (waiter == nullptr) {
            continue;
        }
        if (const Giver* giver = waiter->giver(); giver != nullptr) {
            giver->take_back(waiter->slot);
        }
    }
}

void HubCore::forget_others() noexcept {
    ready.clear();
    while (drowsy.pop_front() != nullptr) {
    }
    while (idlers.pop_front() != nullptr || until_idle.pop_front() != nullptr) {
    }
    live = current == &main ? 0 : 1;
    outliving = current->outlives_hub ? 1 : 0;
    all_ended = nullptr;
    while (Described* each = asyncs.pop_front()) {
        each->end_in_child();
    }
    while (keeping.pop_front() != nullptr) {
    }
}

// Does what the return of main() does in the parent.
void HubCore::end_of_child(const std::exception_ptr& error) noexcept {
    int status = EXIT_SUCCESS;
    try {
        if (error != nullptr) {
            std::rethrow_exception(error);
        }
    } catch (const KeyboardInterrupt&) {
        status = exit_status_of_interrupt();
    } catch (...) {
        status = EXIT_FAILURE;
        report({current->id, {}, current->where, "green thread that went on in the child of a fork()"}, error);
    }
    --live;
    end_all();
    std::exit(status);
}

}  // namespace tendril::detail
