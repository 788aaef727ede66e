// SPDX-License-Identifier: MIT
//
// The watching OS thread. Every quarter of the threshold it looks at each hub's heartbeat. If one has not moved for two
// looks in a row, and the hub does not sleep, it looks more closely (blocking_look.cpp). While all hubs sleep, it
// sleeps too.

#include "hub/blocking_watch.hpp"
#include "base/sys.hpp"

#include <sys/ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "base/once.hpp"
#include "base/report.hpp"
#include "base/signals_blocked.hpp"
#include "base/symbol.hpp"
#include "context/backtrace.hpp"
#include "hub/hub_core.hpp"

namespace tendril {

namespace detail {

namespace {

constexpr unsigned stuck_looks = 2;  // before the closer look

// This OS thread's, while it is in the list. The signal handler finds the hub by it.
constinit thread_local Heartbeat* mine [[gnu::tls_model("initial-exec")]] = nullptr;

std::int64_t default_threshold_ns() noexcept {
#ifdef NDEBUG
    constexpr std::int64_t ms = 0;
#else
    constexpr std::int64_t ms = 100;
#endif
    if (const char* text = std::getenv("TENDRIL_BLOCKING_WATCH"); text != nullptr && *text != 0) {
        std::int64_t given = 0;
        const char* end = text + std::strlen(text);
        if (const auto [stop, error] = std::from_chars(text, end, given); error == std::errc() && stop == end) {
            return std::clamp<std::int64_t>(given, 0, 1'000'000'000) * 1'000'000;
        }
        report("TENDRIL_BLOCKING_WATCH is not a number of milliseconds: " + std::string(text));
    }
    return ms * 1'000'000;
}

const void* interrupted_at(const void* context) noexcept {
    [[maybe_unused]] const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    return reinterpret_cast<const void*>(registers.gregs[REG_RIP]);
#elif defined(__aarch64__)
    return reinterpret_cast<const void*>(registers.pc);
#else
    return nullptr;
#endif
}

void print(const BlockReport& report) {
    std::string text = report.in_callback ? "a callback in the hub, run by green thread " : "green thread ";
    text += std::to_string(report.greenlet);
    if (!report.name.empty()) {
        text += " \"" + report.name + '"';
    }
    if (*report.where.file != 0) {
        text += ", spawned at " + std::string(report.where.file) + ':' + std::to_string(report.where.line) + ',';
    }
    text += " has held the hub of OS thread " + std::to_string(report.os_thread) + " for " +
            std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(report.held).count()) +
            " ms, and no other green thread could run; it is in";
    if (!report.call.empty()) {
        text += " the system call " + report.call + ", called by (some of these calls may have returned)";
    }
    detail::report(text);
    for (const std::string& line : report.backtrace) {
        detail::report("    " + line);
    }
}

BlockReport readable(std::uint64_t os_thread, const Sighting& sighting, const std::string& call) {
    BlockReport report{.os_thread = os_thread,
                       .greenlet = sighting.greenlet,
                       .name = sighting.name.data(),
                       .where = sighting.where,
                       .in_callback = sighting.in_callback,
                       .held = std::chrono::nanoseconds(sighting.held_ns),
                       .call = call,
                       .backtrace = {}};
    AddressNames names;
    for (std::size_t i = 0; i < sighting.depth; ++i) {
        report.backtrace.push_back(names.of(sighting.addresses[i]));
    }
    return report;
}

}  // namespace

BlockingWatch& BlockingWatch::the() noexcept {
    static constinit Once once;
    // Never destroyed: hubs of detached OS threads may outlive static objects.
    alignas(BlockingWatch) static std::byte memory[sizeof(BlockingWatch)];
    once([] { ::new (static_cast<void*>(memory)) BlockingWatch; });
    return *std::launder(reinterpret_cast<BlockingWatch*>(memory));
}

void BlockingWatch::configure_once() {
    if (!configured_) {
        configured_ = true;
        threshold_ns_ = default_threshold_ns();
    }
}

void BlockingWatch::start() {
    if (thread_.joinable() || stopping_ || threshold_ns_ == 0) {
        return;
    }
    have_signal();
    prime_backtrace();
    {
        const SignalsBlocked blocked;
        thread_ = PlainThread([this] { run(); });
    }
    watcher_ = thread_.native_handle();
    sys::name_thread(thread_.native_handle(), "tendril-watch");
    struct AtExit {
        ~AtExit() { the().stop(); }
    };
    static const AtExit at_exit;
}

// Takes the first realtime signal that the program does not handle.
void BlockingWatch::have_signal() {
    for (int number = SIGRTMIN + 1; signal_ == 0 && number < SIGRTMAX; ++number) {
        struct sigaction there {};
        sys::sigaction(number, nullptr, &there);
        if ((there.sa_flags & SA_SIGINFO) == 0 && there.sa_handler == SIG_DFL) {
            struct sigaction ours {};
            ours.sa_sigaction = &BlockingWatch::on_signal;
            ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
            ::sigemptyset(&ours.sa_mask);
            sys::sigaction(number, &ours, nullptr);
            signal_ = number;
        }
    }
    if (signal_ == 0) {
        throw std::runtime_error("the blocking watch needs a realtime signal, but the program handles all of them");
    }
}

void BlockingWatch::on_signal(int, siginfo_t*, void* context) noexcept {
    const int saved = errno;
    if (Heartbeat* hub = mine; hub != nullptr) {
        hub->look(the().threshold_ns_.load(std::memory_order_relaxed), interrupted_at(context));
    }
    errno = saved;
}

void BlockingWatch::join_list(Heartbeat& hub) {
    const MutexLock lock(mutex_);
    configure_once();
    start_or_report();
    hub.next = all_hubs.first;
    hub.kernel_thread = sys::thread_id();
    all_hubs.first = &hub;
    mine = &hub;
    changed_.wake_one();
}

std::vector<BlockingWatch::KnownHub> BlockingWatch::hubs() {
    std::vector<KnownHub> all;
    const MutexLock lock(mutex_);
    for (const Heartbeat* each = all_hubs.first; each != nullptr; each = each->next) {
        all.push_back({each->os_serial, each->kernel_thread, each->hub.mailbox});
    }
    return all;
}

void BlockingWatch::start_or_report() noexcept {
    try {
        start();
    } catch (const std::exception& e) {  // a hub must not fail because its watch does
        report("the blocking watch is off: " + std::string(e.what()));
        threshold_ns_ = 0;
    }
}

void BlockingWatch::leave_list(Heartbeat& hub) noexcept {
    const MutexLock lock(mutex_);
    Heartbeat** link = &all_hubs.first;
    while (*link != nullptr && *link != &hub) {
        link = &(*link)->next;
    }
    if (*link == nullptr) {
        return;  // it has already left, or a fork() has removed it
    }
    mine = nullptr;
    stuck_.erase(&hub);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    *link = hub.next;
    try {
        collect(hub);
    } catch (...) {  // out of memory: the report is lost
    }
}

void BlockingWatch::wake_if_dozing() noexcept {
    if (dozes_.load(std::memory_order_seq_cst)) [[unlikely]] {
        const MutexLock lock(mutex_);
        changed_.wake_one();
    }
}

void BlockingWatch::set(std::chrono::nanoseconds threshold, BlockHandler handler) {
    auto kept = std::make_shared<const BlockHandler>(std::move(handler));  // destroys the old one without the mutex
    MutexLock lock(mutex_);
    configured_ = true;
    threshold_ns_ = std::max<std::int64_t>(threshold.count(), 0);
    std::swap(handler_, kept);
    start();
    changed_.wake_one();
    if (libc.pthread_self() != watcher_) {
        while (delivering_) {
            delivered_.wait(lock);
        }
    }
    lock.unlock();
}

void BlockingWatch::stop() noexcept {
    PlainThread ending;
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
        changed_.wake_one();
        if (libc.pthread_self() == watcher_) {
            thread_.detach();  // its handler called exit()
            delivering_ = false;
        } else {
            ending = std::move(thread_);
        }
    }
    if (ending.joinable()) {
        ending.join();
    }
}

void BlockingWatch::run() noexcept {
    MutexLock lock(mutex_);
    while (!stopping_) {
        deliver(lock);
        const std::int64_t threshold = threshold_ns_;
        if (threshold != 0 && look_at_hubs()) {
            if (!seen_.empty() && pauses_.empty()) {
                continue;
            }
            changed_.wait(lock, std::chrono::nanoseconds(threshold / looks_per_threshold + 1));
            continue;
        }
        dozes_.store(true, std::memory_order_seq_cst);
        if (!stopping_ && (seen_.empty() || !pauses_.empty()) &&
            (threshold_ns_ == 0 || !look_at_hubs())) {  // looks again: a hub may have woken up
            changed_.wait(lock);
        }
        dozes_.store(false, std::memory_order_seq_cst);
    }
}

// Returns: whether any of them is awake.
bool BlockingWatch::look_at_hubs() noexcept {
    bool any_awake = false;
    for (Heartbeat* hub = all_hubs.first; hub != nullptr; hub = hub->next) {
        try {
            collect(*hub);
        } catch (...) {  // out of memory: tries again at the next look
        }
        if (hub->asleep_.load(std::memory_order_seq_cst)) {
            hub->watched_stuck_ = 0;
            continue;
        }
        any_awake = true;
        const std::uint64_t beats = hub->beats_.load(std::memory_order_relaxed);
        if (beats != hub->watched_beats_) {
            hub->watched_beats_ = beats;
            hub->watched_stuck_ = 0;
        } else if (++hub->watched_stuck_ >= stuck_looks) {
            try {
                look_closer(*hub);
            } catch (...) {  // out of memory: tries again at the next look
            }
        }
    }
    return any_awake;
}

void BlockingWatch::collect(Heartbeat& hub) {
    if (hub.sighted_.load(std::memory_order_acquire)) {
        seen_.push_back({hub.os_serial, hub.sighting_, {}});
        hub.sighted_.store(false, std::memory_order_release);
        changed_.wake_one();
    }
}

// Calls the handler for each sighting, without the mutex.
void BlockingWatch::deliver(MutexLock& lock) {
    while (!seen_.empty() && !stopping_ && pauses_.empty()) {
        const std::vector<Seen> all = std::exchange(seen_, {});
        std::shared_ptr<const BlockHandler> handler = handler_;
        delivering_ = true;
        lock.unlock();
        for (const Seen& each : all) {
            try {
                const BlockReport report = readable(each.os_thread, each.sighting, each.call);
                if (handler != nullptr && *handler) {
                    (*handler)(report);
                } else {
                    print(report);
                }
            } catch (...) {
                detail::report("the handler of the blocking watch threw", std::current_exception());
            }
        }
        handler = nullptr;  // its captures may be destroyed here
        lock.lock();
        delivering_ = false;
        delivered_.wake_all();
    }
}

BlockingWatch::Pause::Pause() noexcept {
    BlockingWatch& watch = the();
    MutexLock lock(watch.mutex_);
    watch.pauses_.push_back(*this);
    if (libc.pthread_self() != watch.watcher_) {
        while (watch.delivering_) {
            watch.delivered_.wait(lock);
        }
    }
}

BlockingWatch::Pause::~Pause() {
    BlockingWatch& watch = the();
    const MutexLock lock(watch.mutex_);
    ListNode::unlink();
    watch.changed_.wake_one();
}

// In a child: the watching OS thread is gone, and all hubs but this OS thread's.
void BlockingWatch::forked() noexcept {
    ::new (&thread_) PlainThread;  // over the old object, which could only be joined
    watcher_ = {};
    seen_.clear();
    while (pauses_.pop_front() != nullptr) {
    }
    delivering_ = false;
    dozes_ = false;
    all_hubs.first = mine;
    if (mine != nullptr) {
        mine->next = nullptr;
        mine->kernel_thread = sys::thread_id();
        mine->watched_alarm_.forked();
    }
}

void BlockingWatch::restart_in_child() noexcept {
    const MutexLock lock(mutex_);
    start_or_report();
}

}  // namespace detail

BlockingAllowed::BlockingAllowed(Duration at_most) {
    detail::HubCore& hub = detail::HubCore::here();
    greenlet_ = hub.current->id;
    until_ns_ = Deadline(at_most).ns();
    next_ = hub.blocking_allowed;
    std::atomic_signal_fence(std::memory_order_seq_cst);  // a handler sees it whole
    hub.blocking_allowed = this;
}

BlockingAllowed::~BlockingAllowed() {
    detail::HubCore& hub = detail::HubCore::here();
    BlockingAllowed** link = &hub.blocking_allowed;
    while (*link != nullptr && *link != this) {
        link = &(*link)->next_;
    }
    if (*link != nullptr) {
        *link = next_;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        hub.heartbeat.beat();  // what comes now is another incident
    }
}

void set_blocking_watch(Duration threshold, BlockHandler handler) {
    detail::BlockingWatch::the().set(threshold, std::move(handler));
}

}  // namespace tendril
