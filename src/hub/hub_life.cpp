// SPDX-License-Identifier: MIT
//
// How a hub begins and ends, what it reports, and what it runs for users: callbacks and mail.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include <tendril/detail/base/check.hpp>
#include <tendril/detail/base/mutex.hpp>
#include <tendril/snapshot.hpp>

#include "base/report.hpp"
#include "base/sys.hpp"
#include "hub/hub_core.hpp"
#include "hub/new_fiber.hpp"
#include "hub/terminate.hpp"

namespace tendril::detail {

constinit thread_local Scheduler* Scheduler::here_ = nullptr;

namespace {

constinit Mutex chosen_mutex(Rank::chosen_backend);
std::string chosen_backend TENDRIL_GUARDED_BY(chosen_mutex);  // set by use_backend()

using SharedHandler = std::shared_ptr<const ErrorHandler>;
constinit Mutex handler_mutex(Rank::error_handler);
// Never destroyed: hubs of detached OS threads may report after static objects are gone.
constinit SharedHandler* common_handler TENDRIL_GUARDED_BY(handler_mutex) = nullptr;

SharedHandler get_common_handler() {
    const MutexLock lock(handler_mutex);
    return common_handler != nullptr ? *common_handler : nullptr;
}

std::unique_ptr<Backend> configured_backend() {
    std::string chosen;
    {
        const MutexLock lock(chosen_mutex);
        chosen = chosen_backend;
    }
    if (chosen.empty()) {
        const char* name = std::getenv("TENDRIL_BACKEND");
        return make_backend(name != nullptr && *name != 0 ? name : backend_names().front());
    }
    return make_backend(chosen);
}

// For the report of a failed TENDRIL_ASSERT.
std::size_t describe_running(char* out, std::size_t size) noexcept {
    const HubCore* hub = HubCore::if_any();
    if (hub == nullptr || hub->current == &hub->main) {
        return 0;
    }
    return hub->current->describe(out, size);
}

}  // namespace

struct HubCore::Owner {
    bool gone = false;
    ~Owner() {
        gone = true;
        HubCore* const hub = if_any();
        if (hub == nullptr || hub->in_foreign_child()) {
            return;  // the hub is the parent's
        }
        if (hub->os.unwinds_at_end()) {
            delete hub;
            here_ = nullptr;
        } else {
            // exit() was called in a green thread or raw context, or by a foreign main(): nothing is unwound.
            hub->heartbeat.leave();
        }
    }
};

void Scheduler::make() {
    OsThread::current().refuse_when_ending();  // made first, so destroyed last
    static thread_local HubCore::Owner owner;
    if (owner.gone) {
        throw std::logic_error("the hub of this OS thread has ended: nothing can be spawned or waited for any more");
    }
    auto* const hub = new HubCore(configured_backend());
    here_ = hub;
    install_terminate_report();
    describe_flow_by(&describe_running);
    if (sys::on_first_thread()) {
        hub->have_signals().watch_interrupt();
    }
    hub->record_if_asked();
    HubCore::open_inspection_if_asked();
}

Signals& HubCore::have_signals() {
    if (signals == nullptr) {
        signals = std::make_unique<Signals>(*this);
    }
    return *signals;
}

void HubCore::use_backend(std::string_view name) {
    if (const HubCore* hub = if_any(); hub != nullptr) {
        throw std::logic_error(std::string("use_backend(\"") + std::string(name) +
                               "\") comes too late: the hub of this OS thread already runs on \"" +
                               hub->backend->name() + "\"");
    }
    require_backend(name);
    const MutexLock lock(chosen_mutex);
    chosen_backend = name;
}

void HubCore::use_error_handler(ErrorHandler handler) {
    SharedHandler shared;
    if (handler) {
        shared = std::make_shared<const ErrorHandler>(std::move(handler));
    }
    auto first = std::make_unique<SharedHandler>();
    const MutexLock lock(handler_mutex);
    if (common_handler == nullptr) {
        common_handler = first.release();
    }
    std::swap(*common_handler, shared);  // the old one is destroyed when the mutex is free
}

bool HubCore::has_common_error_handler() {
    return get_common_handler() != nullptr;
}

HubCore::HubCore(std::unique_ptr<Backend> chosen)
    : Scheduler(main, all_descriptors), backend(std::move(chosen)), mailbox(std::make_shared<Mailbox>(*backend)),
      main(*this, os.own_tree.id, 0, Site{}) {
    main.begins_on(os.own_stack);
    main.inherited = inherited_by_hub();
    main.started = true;
    main.tree.take_over(os.own_tree);
    os.tree = &main.tree;
}

HubCore::~HubCore() {
    outside_.reset();
    main.tree.clear();
    end_all();
    ++main.shields;  // the values' destructors may wait
    do {             // ... spawn, and use Locals and contexts
        const std::size_t left = live;
        run_cleanups();
        if (callback_fiber != nullptr) {
            destroy_locals(*callback_fiber);
        }
        destroy_locals(main);
        main.tree.clear();
        const InheritedPtr last = std::exchange(main.inherited, nullptr);
        if (live > left) {
            end_all();
        }
    } while (main.locals != nullptr || main.inherited != nullptr || main.tree.root != nullptr ||
             !cleanup_watchers.empty());
    heartbeat.leave();
    abandon_rest();
    while (ActiveWatcher* watcher = watchers.front()) {
        watcher->hub_ended();
    }
    drop_callbacks();
    mailbox->close();
    drop_callbacks();  // that the letters' objects made due as they went
    signals = nullptr;
    os.tree = &os.own_tree;
    for (Fiber* fiber : {&main, callback_fiber}) {
        if (fiber != nullptr && fiber->record != nullptr) {
            disown_record(*fiber->record);
        }
    }
}

std::vector<Fiber*> HubCore::fibers() {
    std::vector<Fiber*> all;
    os.stacks.for_each_used([&](StackTop& stack) {
        if (auto* fiber = dynamic_cast<const Fiber*>(stack.owner);
            fiber != nullptr && fiber != callback_fiber && !fiber->ended) {
            all.push_back(const_cast<Fiber*>(fiber));
        }
    });
    std::sort(all.begin(), all.end(), [](const Fiber* a, const Fiber* b) { return a->id < b->id; });
    return all;
}

std::exception_ptr HubCore::loop_exit() {
    constexpr std::size_t most_lines = 24;
    std::ostringstream text;
    text << "nothing can wake the main green thread any more: no timer, no descriptor and no Async is waited for\n";
    write(text, snapshot(false), {.backtraces = false}, most_lines);
    return std::make_exception_ptr(LoopExit(text.str()));
}

void HubCore::fail_main(std::exception_ptr error) noexcept {
    fatal = std::move(error);
    root->attention |= Fiber::interrupted;
    if (root->waiter != nullptr) {
        root->waiter->resolve(Outcome::interrupted);
    }
}

// Passes KeyboardInterrupt and FatalError to the root green thread. Returns: false for any other error, which is for
// the error handler.
bool HubCore::fails_main(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const KeyboardInterrupt&) {
        root->kill(error);
    } catch (const FatalError&) {
        if (fatal == nullptr) {
            fail_main(error);
        }
    } catch (...) {
        return false;
    }
    return true;
}

void HubCore::report(const ErrorContext& context, const std::exception_ptr& error) noexcept {
    if (fails_main(error)) {
        return;
    }
    // The handler is a callback like any other: it must not wait.
    const std::uint8_t before = current->attention;
    current->attention |= Fiber::in_callback;
    try {
        if (const ErrorHandler handler = error_handler; handler) {  // a copy: the handler may set another
            handler(context, error);
        } else if (const SharedHandler common = get_common_handler(); common != nullptr) {
            (*common)(context, error);
        } else {
            std::ostringstream where;
            where << "unhandled in " << context.activity;
            if (context.greenlet != 0) {
                where << ' ' << context.greenlet;
            }
            if (!context.name.empty()) {
                where << " \"" << context.name << '"';
            }
            if (*context.where.file != 0) {
                where << (context.greenlet != 0 ? ", spawned at " : ", made at ") << context.where.file << ':'
                      << context.where.line;
            }
            tendril::detail::report(where.str(), error);
        }
    } catch (...) {
        tendril::detail::report("the hub's error handler threw", std::current_exception());
    }
    if ((before & Fiber::in_callback) == 0) {
        current->attention &= static_cast<std::uint8_t>(~Fiber::in_callback);
    }
}

void HubCore::have_callback_fiber() {
    if (callback_fiber == nullptr) {
        const auto run = [](void* self, Record*, bool) { (*static_cast<HubCore**>(self))->run_callbacks(); };
        callback_fiber =
            &new_fiber(*this, {sizeof(void*), closure_alignment<void*>, run, nullptr}, {.name = {}, .where = {}});
        callback_fiber->inherited = nullptr;  // it belongs to the hub, not to the one that happens to run
        callback_fiber->daemon = false;
        *static_cast<HubCore**>(callback_fiber->closure) = this;
        callback_fiber->started = true;
        callback_fiber->shields = 1;  // a callback can get its handle, by current(), but must not kill it
        ready.push(*callback_fiber);
    }
}

void HubCore::post(HubCallback& callback) noexcept {
    TENDRIL_ASSERT(callback_fiber != nullptr && !callback.linked());
    callbacks.push_back(callback);
    if (callback_fiber->waiter != nullptr) {
        callback_fiber->waiter->resolve(Outcome::signalled);
    }
}

// The body of the hub's own green thread. It never ends; its stack goes with the pool. A round runs the callbacks that
// were due when it began: those that they make due run after every other green thread had a turn, and timers and
// descriptors too.
void HubCore::run_callbacks() {
    struct RoundEnd final : HubCallback {
        void run() noexcept override {}
    } round_end;
    for (;;) {
        if (priorities) {
            sort_callbacks();
        }
        callbacks.push_back(round_end);
        while (HubCallback* callback = callbacks.pop_front()) {
            if (callback == &round_end) {
                break;
            }
            callback_fiber->attention |= Fiber::in_callback;
            callback->run();
            if (callback_fiber->inherited != nullptr) [[unlikely]] {
                callback_fiber->inherited = nullptr;  // what one has set is not for the next
            }
            callback_fiber->attention &= static_cast<std::uint8_t>(~Fiber::in_callback);
        }
        if (!callbacks.empty()) {
            yield();
            continue;
        }
        Waiter waiter("callbacks");
        waiter.wait(never);
    }
}

void HubCore::set_rank(HubCallback& callback, int priority) {
    if (priority < lowest_priority || priority > highest_priority) {
        throw std::invalid_argument("a watcher's priority of " + std::to_string(priority) +
                                    " is out of bounds: it must be -2 to 2");
    }
    callback.rank = static_cast<std::int16_t>(priority);
    priorities = priorities || priority != 0;
}

// Brings those of high priority to the front; equal ones stay in their order.
void HubCore::sort_callbacks() noexcept {
    List<HubCallback> all;
    while (HubCallback* callback = callbacks.pop_front()) {
        all.push_back(*callback);
    }
    for (int priority = highest_priority; priority >= lowest_priority; --priority) {
        for (HubCallback *each = all.front(), *next = nullptr; each != nullptr; each = next) {
            next = all.after(*each);
            if (each->rank == priority) {
                each->ListNode::unlink();
                callbacks.push_back(*each);
            }
        }
    }
}

// Those that stay do something else for their objects when the hub ends. Users' destructors run here, and may take
// others out of the list.
void HubCore::drop_callbacks() noexcept {
    List<HubCallback> seen;
    while (HubCallback* callback = callbacks.pop_front()) {
        seen.push_back(*callback);
        callback->dropped();
    }
    while (HubCallback* callback = seen.pop_front()) {
        callbacks.push_back(*callback);
    }
}

void HubCore::deliver_mail() noexcept {
    if (mailbox->empty()) {
        return;
    }
    List<Letter>& arrived = mailbox->take();
    while (Letter* letter = arrived.pop_front()) {
        letter->arrive(*letter, true);
    }
}

}  // namespace tendril::detail
