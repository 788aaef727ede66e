// SPDX-License-Identifier: MIT

#include "hub/signals.hpp"
#include "base/sys.hpp"

#include <sched.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

#include <tendril/detail/base/mutex.hpp>

#include "hub/backend_collecting.hpp"
#include "hub/hub_core.hpp"
#include "hub/keyboard_interrupt.hpp"

namespace tendril::detail {

// The handler writes `any` and `arrived`; the hub writes the rest.
struct SignalPost {
    std::atomic<Backend*> backend{nullptr};  // of the hub whose post it is; nullptr: free
    std::atomic<bool> any{false};
    std::array<std::atomic<bool>, Signals::numbers> watched{};
    std::array<std::atomic<bool>, Signals::numbers> arrived{};
    SignalPost* next = nullptr;
};

namespace {

std::atomic<SignalPost*> posts{nullptr};
std::atomic<int> handlers{0};           // running now
std::atomic<bool> interrupts{false};    // only watch_interrupt() watches SIGINT
std::atomic<bool> interrupting{false};  // ... it came, and its KeyboardInterrupt was not thrown yet

constinit Mutex mutex(Rank::signals);
struct Disposition {
    int watchers = 0;
    struct sigaction before {};
};
std::array<Disposition, Signals::numbers> dispositions TENDRIL_GUARDED_BY(mutex);
bool interrupt_watched TENDRIL_GUARDED_BY(mutex) = false;

[[gnu::always_inline]] inline std::size_t index(int number) noexcept {
    return static_cast<std::size_t>(number);
}

constexpr std::size_t poked = 0;

void note_arrival(int number) {
    ++handlers;  // before a post is looked at: see ~Signals()
    for (SignalPost* post = posts; post != nullptr; post = post->next) {
        if (Backend* backend = post->backend; backend != nullptr && post->watched[index(number)]) {
            post->arrived[index(number)] = true;
            post->any = true;
            backend->wake();
        }
    }
    --handlers;
}

void on_signal(int number) {
    const int saved_errno = errno;
    if (number == SIGINT && interrupts && interrupting.exchange(true)) {
        sys::default_action(SIGINT);
        sys::raise(SIGINT);  // delivered when this handler returns
        return;
    }
    note_arrival(number);
    errno = saved_errno;
}

SignalPost& take_post(Backend& backend) {
    const MutexLock lock(mutex);
    for (SignalPost* post = posts; post != nullptr; post = post->next) {
        if (post->backend == nullptr) {
            post->backend = &backend;
            return *post;
        }
    }
    auto* post = new SignalPost;
    post->backend = &backend;
    post->next = posts;
    posts = post;
    return *post;
}

void note_interrupts() noexcept TENDRIL_REQUIRES(mutex) {
    interrupts = interrupt_watched && dispositions[index(SIGINT)].watchers == 1;
}

void check_number(int number) {
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
        if (number == fault) {
            throw std::invalid_argument("signal " + std::to_string(number) + " (" + ::strsignal(number) +
                                        ") reports a fault of the program and cannot be watched");
        }
    }
    if (number < 1 || number >= Signals::numbers || number == SIGKILL || number == SIGSTOP) {
        throw std::invalid_argument("signal " + std::to_string(number) + " cannot be watched: no such " +
                                    "signal, or one that cannot be caught");
    }
}

void install(int number) {
    const MutexLock lock(mutex);
    Disposition& disposition = dispositions[index(number)];
    if (disposition.watchers == 0) {
        struct sigaction ours {};
        ours.sa_handler = &on_signal;
        ours.sa_flags = SA_RESTART | SA_ONSTACK;
        ::sigfillset(&ours.sa_mask);
        if (const int r = sys::sigaction(number, &ours, &disposition.before); r < 0) {
            throw std::system_error(-r, std::generic_category(), "cannot watch signal " + std::to_string(number));
        }
    }
    ++disposition.watchers;
    note_interrupts();
}

// Leaves alone a handler that other code installed meanwhile.
void remove(int number) noexcept {
    const MutexLock lock(mutex);
    Disposition& disposition = dispositions[index(number)];
    if (--disposition.watchers == 0) {
        struct sigaction now {};
        sys::sigaction(number, nullptr, &now);
        if (now.sa_handler == &on_signal) {
            sys::sigaction(number, &disposition.before, nullptr);
        }
    }
    note_interrupts();
}

}  // namespace

Signals::Signals(HubCore& hub) : hub_(hub), post_(take_post(innermost(*hub.backend))) {}

Signals::~Signals() {
    for (int number = 1; number < numbers; ++number) {
        while (SignalNode* node = watchers_[index(number)].front()) {
            unwatch(number, *node);
        }
    }
    while (SignalNode* node = watchers_[poked].front()) {
        node->unlink();
    }
    post_.watched[poked] = false;
    // A handler that began before this may, on another OS thread, be about to wake the backend.
    post_.backend = nullptr;
    while (handlers != 0) {
        sys::yield_processor();
    }
    post_.any = false;
}

void Signals::watch(int number, SignalNode& node) {
    check_number(number);
    if (watchers_[index(number)].empty()) {
        post_.arrived[index(number)] = false;
        post_.watched[index(number)] = true;
    }
    watchers_[index(number)].push_back(node);
    try {
        install(number);
    } catch (...) {
        node.unlink();
        post_.watched[index(number)] = !watchers_[index(number)].empty();
        throw;
    }
}

void Signals::unwatch(int number, SignalNode& node) noexcept {
    node.unlink();
    if (&node == &interrupt_) {
        const MutexLock lock(mutex);
        interrupt_watched = false;
    }
    remove(number);
    post_.watched[index(number)] = !watchers_[index(number)].empty();
}

bool Signals::feed(int number) noexcept {
    if (number < 1 || number >= numbers) {
        return false;
    }
    const int saved_errno = errno;
    note_arrival(number);
    errno = saved_errno;
    return true;
}

void Signals::poke() noexcept {
    const int saved_errno = errno;
    note_arrival(poked);
    errno = saved_errno;
}

void Signals::watch_pokes(SignalNode& node) noexcept {
    watchers_[poked].push_back(node);
    post_.watched[poked] = true;
}

void Signals::deliver() noexcept {
    if (!post_.any.load(std::memory_order_relaxed) || !post_.any.exchange(false)) [[likely]] {
        return;
    }
    for (int number = poked; number < numbers; ++number) {
        if (post_.arrived[index(number)].exchange(false)) {
            List<SignalNode>& all = watchers_[index(number)];
            for (SignalNode* node = all.front(); node != nullptr; node = all.after(*node)) {
                node->came();
            }
        }
    }
}

void Signals::watch_interrupt() {
    if (OsThread::foreign_main) {
        return;
    }
    struct sigaction now {};
    sys::sigaction(SIGINT, nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL) {
        interrupting = false;
        {
            const MutexLock lock(mutex);
            interrupt_watched = true;
        }
        watch(SIGINT, interrupt_);
    }
}

void Signals::Interrupt::came() noexcept {
    if (interrupts && unwinds_for_interrupt(*hub.root)) {
        end_by_sigint();  // like one that comes before the first was thrown
    }
    if (interrupts) {
        hub.root->kill(std::make_exception_ptr(KeyboardInterrupt()));
    }
}

void interrupt_delivered() noexcept {
    interrupting = false;
}

void Signals::forget_handlers() noexcept {
    handlers = 0;
}

// Runs in a child, where no other OS thread exists.
TENDRIL_NOT_ANALYZED void Signals::forget_others() noexcept {
    for (SignalPost* post = posts; post != nullptr; post = post->next) {
        post->backend = nullptr;
    }
    interrupt_watched = false;
    for (int number = 1; number < numbers; ++number) {
        while (dispositions[index(number)].watchers > 0) {
            remove(number);
        }
    }
}

}  // namespace tendril::detail
