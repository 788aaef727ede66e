// SPDX-License-Identifier: MIT
//
// The contract of hub/backend.hpp, on every backend, without a hub.

#include "hub/backend.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tendril/fd.hpp>

#include "base/sys.hpp"

namespace tendril::detail {
namespace {

using events::hangup;
using events::invalid;
using events::priority;
using events::read;
using events::write;

constexpr std::int64_t ms = 1'000'000;

struct Pair {
    Fd here;
    Fd peer;
    Pair() {
        int both[2] = {-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
        here = Fd(both[0]);
        peer = Fd(both[1]);
    }
    void fill() const {
        const std::string much(1 << 16, 'x');
        while (::send(here.get(), much.data(), much.size(), MSG_DONTWAIT) > 0) {
        }
    }
};

void put(const Fd& into) {
    EXPECT_EQ(::write(into.get(), "x", 1), 1);
}

// A wait may end early for no reason; this one does not.
std::span<const BackendEvent> wait_for_events(Backend& backend, std::int64_t timeout_ns) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout_ns);
    for (;;) {
        const auto left = std::chrono::nanoseconds(end - std::chrono::steady_clock::now()).count();
        const auto now = backend.wait(std::max<std::int64_t>(left, 0));
        if (!now.empty() || left <= 0) {
            return now;
        }
    }
}

// What was reported of each token, until nothing came for `quiet_ms`.
std::map<std::uint64_t, Events> reported(Backend& backend, std::int64_t first_ms = 1000, std::int64_t quiet_ms = 2) {
    std::map<std::uint64_t, Events> all;
    std::int64_t patience = first_ms;
    for (;;) {
        const auto now = wait_for_events(backend, patience * ms);
        if (now.empty()) {
            return all;
        }
        for (const BackendEvent& event : now) {
            all[event.token] |= event.what;
        }
        patience = quiet_ms;
    }
}

std::int64_t cpu_ns() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

class EveryBackend : public ::testing::TestWithParam<std::string_view> {
protected:
    std::unique_ptr<Backend> backend = make_backend(GetParam());

    // Nothing is reported, and the wait neither ends early nor burns the time.
    void expect_quiet() {
        const std::int64_t before = cpu_ns();
        std::size_t waits = 0;
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
        while (std::chrono::steady_clock::now() < end) {
            EXPECT_TRUE(backend->wait(20 * ms).empty());
            ++waits;
        }
        EXPECT_LE(waits, 10u);
        EXPECT_LT(cpu_ns() - before, 30 * ms);
    }
};

INSTANTIATE_TEST_SUITE_P(Backend, EveryBackend, ::testing::ValuesIn(backend_names()),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(EveryBackend, HasTheNameItWasAskedBy) {
    EXPECT_TRUE(backend->name() == GetParam() || GetParam() == "io_uring") << "epoll, where the kernel has none";
}

TEST_P(EveryBackend, ReportsWhatIsPresentWhenArmed) {
    Pair p;
    put(p.peer);
    ASSERT_EQ(backend->arm(p.here.get(), 7, read | write, false), 0);
    EXPECT_EQ(reported(*backend)[7] & (read | write), read | write);
    backend->disarm(p.here.get(), 7);
}

TEST_P(EveryBackend, ReportsWhatComesLater) {
    Pair p;
    p.fill();
    ASSERT_EQ(backend->arm(p.here.get(), 7, read, false), 0);
    expect_quiet();
    put(p.peer);
    EXPECT_NE(reported(*backend)[7] & read, 0);
    backend->disarm(p.here.get(), 7);
}

TEST_P(EveryBackend, ReportsAKindOnceOrEachChange) {
    Pair p;
    p.fill();
    ASSERT_EQ(backend->arm(p.here.get(), 7, read, false), 0);
    put(p.peer);
    EXPECT_NE(reported(*backend)[7] & read, 0);
    expect_quiet();
    put(p.peer);
    if (backend->persistent()) {
        EXPECT_NE(reported(*backend)[7] & read, 0);
    } else {
        expect_quiet();
        ASSERT_EQ(backend->arm(p.here.get(), 7, read, true), 0);
        EXPECT_NE(reported(*backend)[7] & read, 0);
    }
    backend->disarm(p.here.get(), 7);
}

TEST_P(EveryBackend, AKindThatWasNotReportedStaysArmed) {
    Pair p;
    put(p.peer);
    ASSERT_EQ(backend->arm(p.here.get(), 7, read, false), 0);
    p.fill();
    ASSERT_EQ(backend->arm(p.here.get(), 7, write, true), 0);
    EXPECT_EQ(reported(*backend)[7] & (read | write), read);
    std::string room(1 << 20, 0);
    while (::recv(p.peer.get(), room.data(), room.size(), 0) > 0) {
    }
    EXPECT_NE(reported(*backend)[7] & write, 0);
    backend->disarm(p.here.get(), 7);
}

TEST_P(EveryBackend, ArmedAgainReportsWhatIsStillThere) {
    Pair p;
    put(p.peer);
    ASSERT_EQ(backend->arm(p.here.get(), 7, read, false), 0);
    for (int i = 0; i < 3; ++i) {
        EXPECT_NE(reported(*backend)[7] & read, 0);
        ASSERT_EQ(backend->arm(p.here.get(), 7, read, true), 0);
    }
    backend->disarm(p.here.get(), 7);
}

TEST_P(EveryBackend, AHangupIsReportedOnceForWhateverIsArmed) {
    for (const Events kind : {read, write, priority}) {
        Pair p;
        p.fill();
        ASSERT_EQ(backend->arm(p.here.get(), kind, kind, false), 0);
        reported(*backend, 2);
        p.peer.close();
        if (kind != priority) {  // select has no word for it
            EXPECT_NE(reported(*backend)[kind] & kind, 0);
        }
        reported(*backend, 2);
        expect_quiet();
        backend->disarm(p.here.get(), kind);
    }
}

TEST_P(EveryBackend, ReportsUrgentData) {
    int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const Fd owner(listening);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    address.ss_family = AF_INET;
    ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof(sockaddr)), 0);
    ASSERT_EQ(::listen(listening, 1), 0);
    ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    const Fd server(::accept(listening, nullptr, nullptr));
    ASSERT_EQ(backend->arm(server.get(), 7, priority, false), 0);
    reported(*backend, 2);
    put(client);
    EXPECT_EQ(reported(*backend, 5)[7] & priority, 0) << "these are not urgent";
    ASSERT_EQ(::send(client.get(), "!", 1, MSG_OOB), 1);
    EXPECT_NE(reported(*backend)[7] & priority, 0);
    backend->disarm(server.get(), 7);
}

TEST_P(EveryBackend, AfterDisarmADuplicateThatLivesOnIsSilent) {
    Pair p;
    p.fill();
    ASSERT_EQ(backend->arm(p.here.get(), 7, read, false), 0);
    expect_quiet();
    const Fd dup(::dup(p.here.get()));
    backend->disarm(p.here.get(), 7);
    p.here.close();
    put(p.peer);
    expect_quiet();
}

TEST_P(EveryBackend, ThePeerSeesTheEndAtOnceAfterDisarmAndClose) {
    for (const char* when : {"before any wait", "after a wait", "with an event on its way"}) {
        SCOPED_TRACE(when);
        Pair p;
        char c = 0;
        ASSERT_EQ(backend->arm(p.here.get(), 7, read, false), 0);
        if (when != std::string_view("before any wait")) {
            reported(*backend, 2);
        }
        if (when == std::string_view("with an event on its way")) {
            put(p.peer);
            ASSERT_EQ(::read(p.here.get(), &c, 1), 1);
        }
        backend->disarm(p.here.get(), 7);
        p.here.close();
        EXPECT_EQ(::recv(p.peer.get(), &c, 1, MSG_DONTWAIT), 0) << "no reference is left to what was open";
    }
}

TEST_P(EveryBackend, AReusedNumberMeetsNothingStale) {
    for (const bool waited : {false, true}) {
        std::optional<Pair> p(std::in_place);
        p->fill();
        const int number = p->here.get();
        ASSERT_EQ(backend->arm(number, 7, read, false), 0);
        if (waited) {
            reported(*backend, 2);
        }
        put(p->peer);
        backend->disarm(number, 7);
        p.reset();
        Pair next;
        if (next.here.get() != number) {
            std::swap(next.here, next.peer);
        }
        ASSERT_EQ(next.here.get(), number);
        next.fill();
        ASSERT_EQ(backend->arm(number, 8, read, false), 0);
        auto seen = reported(*backend, 5);
        EXPECT_EQ(seen[8] & read, 0);
        EXPECT_EQ(seen.count(7), 0u);
        put(next.peer);
        EXPECT_NE(reported(*backend)[8] & read, 0);
        backend->disarm(number, 8);
    }
}

TEST_P(EveryBackend, AClosedNumberIsRefusedOrReportedInvalid) {
    Pair p;
    const int number = p.here.get();
    p.here.close();
    if (const int r = backend->arm(number, 7, read, false); r == 0) {
        EXPECT_EQ(reported(*backend)[7], invalid);
    } else {
        EXPECT_EQ(r, -EBADF);
    }
    expect_quiet();
    backend->disarm(number, 7);
}

TEST_P(EveryBackend, ARegularFileIsRefusedOrReady) {
    const Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    if (const int r = backend->arm(file.get(), 7, read, false); r == 0) {
        EXPECT_NE(reported(*backend)[7] & read, 0);
    } else {
        EXPECT_EQ(r, -EPERM);
    }
    backend->disarm(file.get(), 7);
}

TEST_P(EveryBackend, AWakeBeforeTheWaitEndsIt) {
    backend->wake();
    backend->wake();
    EXPECT_TRUE(backend->wait(-1).empty());
    expect_quiet();
    backend->wake();
    EXPECT_TRUE(backend->wait(-1).empty()) << "also when it was woken before";
}

TEST_P(EveryBackend, AWakeDuringTheWaitEndsIt) {
    for (int i = 0; i < 20; ++i) {
        std::thread waker([&] {
            std::this_thread::sleep_for(std::chrono::microseconds(i * 100));
            backend->wake();
        });
        EXPECT_TRUE(backend->wait(-1).empty());
        waker.join();
    }
}

TEST_P(EveryBackend, SleepsUntilTheTimeoutNotLess) {
    for (const std::int64_t timeout : {0 * ms, ms / 2, 3 * ms}) {
        const auto before = std::chrono::steady_clock::now();
        EXPECT_TRUE(backend->wait(timeout).empty());
        EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::nanoseconds(timeout));
    }
}

struct MoreDescriptors {
    rlimit before{};
    rlim_t allowed;
    MoreDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before);
        const rlimit most{before.rlim_max, before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &most);
        allowed = before.rlim_max;
    }
    ~MoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before); }
};

// More than a batch of epoll, or than the completion ring of io_uring, holds.
TEST_P(EveryBackend, LosesNoneOfManyThatAreReadyAtOnce) {
    const MoreDescriptors more;
    const std::size_t many = std::min<std::size_t>(more.allowed - 100, GetParam() == "select" ? 800 : 9'000) & ~1u;
    std::vector<Pair> pairs(many / 2);
    std::size_t token = 0;
    for (const Pair& p : pairs) {
        for (const Fd* fd : {&p.here, &p.peer}) {
            ASSERT_EQ(backend->arm(fd->get(), token++, read, false), 0);
        }
    }
    reported(*backend, 2);
    for (const Pair& p : pairs) {
        put(p.here);
        put(p.peer);
    }
    std::size_t ready = 0;
    for (const auto& [which, what] : reported(*backend)) {
        ready += which < many && (what & read) != 0 ? 1 : 0;
    }
    EXPECT_EQ(ready, many);
    token = 0;
    for (const Pair& p : pairs) {
        for (const Fd* fd : {&p.here, &p.peer}) {
            backend->disarm(fd->get(), token++);
        }
    }
}

}  // namespace
}  // namespace tendril::detail
