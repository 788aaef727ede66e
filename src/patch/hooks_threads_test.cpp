// SPDX-License-Identifier: MIT

#include <pthread.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "patch/pthread_calls.hpp"
#include "patch/real_calls.hpp"

namespace tendril::patch::detail {
namespace {

using namespace std::chrono_literals;

std::atomic<int> signals_seen{0};

void* number(long n) {
    return reinterpret_cast<void*>(n);
}
long number(void* p) {
    return reinterpret_cast<long>(p);
}

TENDRIL_TEST(HookedThreads, AreGreenThreadsOfTheirMakersOsThread) {
    const PthreadCalls& c = hooked_calls();
    const auto os_thread = std::this_thread::get_id();
    pthread_t handle{};
    pthread_t own{};
    const auto body = [&] {
        EXPECT_EQ(std::this_thread::get_id(), os_thread);
        own = c.pthread_self();
        EXPECT_NE(own, pthread_self());
    };
    Thread thread(c, body);
    handle = thread.handle();
    thread.join();
    EXPECT_EQ(own, handle);
    spawn([&] {
        const pthread_t me = c.pthread_self();
        EXPECT_NE(me, pthread_self());
        yield();
        EXPECT_EQ(c.pthread_self(), me);
    }).join();
}

// The main green thread of an OS thread is the C library's thread.
TEST(HookedThreads, LeaveTheMainThreadWhatItIs) {
    std::thread([] {
        Hub::current();
        EXPECT_EQ(hooked_calls().pthread_self(), pthread_self());
        pthread_key_t key{};
        ASSERT_EQ(::pthread_key_create(&key, nullptr), 0);
        ::pthread_setspecific(key, &key);
        EXPECT_EQ(hooked_calls().pthread_getspecific(key), &key);
        spawn([&] {  // a key from before it was patched
            EXPECT_EQ(hooked_calls().pthread_getspecific(key), nullptr);
            EXPECT_EQ(hooked_calls().pthread_setspecific(key, &signals_seen), 0);
            EXPECT_EQ(hooked_calls().pthread_getspecific(key), &signals_seen);
        })
            .join();
        EXPECT_EQ(::pthread_getspecific(key), &key);
        ::pthread_key_delete(key);
    }).join();
}

TENDRIL_TEST(HookedThreads, AreJoinedAsTheLibrarys) {
    compare([](const PthreadCalls& c) {
        std::string log;
        pthread_t thread{};
        void* result = nullptr;
        log += text("create", c.pthread_create(
                                  &thread, nullptr, [](void* p) { return p; }, number(7)));
        log += text("join", c.pthread_join(thread, &result)) + text("result", static_cast<int>(number(result)));

        std::atomic<bool> go{false};
        struct Waits {
            const PthreadCalls& c;
            std::atomic<bool>& go;
        } waits{c, go};
        const auto until_go = [](void* p) -> void* {
            auto& w = *static_cast<Waits*>(p);
            while (!w.go) {
                w.c.usleep(100);
            }
            return nullptr;
        };
        c.pthread_create(&thread, nullptr, until_go, &waits);
        log += text("try", c.pthread_tryjoin_np(thread, nullptr));
        const timespec soon = in(CLOCK_REALTIME, 5);
        log += text("timed", c.pthread_timedjoin_np(thread, nullptr, &soon));
        const timespec monotonic = in(CLOCK_MONOTONIC, 5);
        log += text("clock", c.pthread_clockjoin_np(thread, nullptr, CLOCK_MONOTONIC, &monotonic));
        log += text("kill", c.pthread_kill(thread, 0)) + text("signal", c.pthread_kill(thread, 1000));
        go = true;
        log += text("join", c.pthread_join(thread, nullptr));

        go = false;
        c.pthread_create(&thread, nullptr, until_go, &waits);
        log += text("detach", c.pthread_detach(thread)) + text("again", c.pthread_detach(thread));
        log += text("join", c.pthread_join(thread, nullptr));
        go = true;

        Thread(c, [&] { log += text("itself", c.pthread_join(c.pthread_self(), nullptr)); });
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        go = false;
        log += text("create", c.pthread_create(&thread, &attributes, until_go, &waits));
        log += text("join", c.pthread_join(thread, nullptr));
        go = true;
        c.usleep(20'000);  // so that it ends before what it uses
        pthread_attr_destroy(&attributes);
        return log;
    });
}

TENDRIL_TEST(HookedThreads, AreJoinedFromAnotherOsThread) {
    const PthreadCalls& c = hooked_calls();
    pthread_t thread{};
    c.pthread_create(
        &thread, nullptr, [](void*) -> void* { return number(3); }, nullptr);
    std::atomic<bool> joined{false};
    std::thread joiner([&] {
        void* result = nullptr;
        EXPECT_EQ(c.pthread_join(thread, &result), 0);
        EXPECT_EQ(number(result), 3);
        joined = true;
    });
    while (!joined) {
        c.usleep(100);
    }
    joiner.join();
}

TENDRIL_TEST(HookedThreads, JoinAThreadOfTheLibrarysWithoutBlocking) {
    const PthreadCalls& c = hooked_calls();
    std::atomic<bool> go{false};
    pthread_t thread{};
    pthread_create(
        &thread, nullptr,
        [](void* p) -> void* {
            while (!*static_cast<std::atomic<bool>*>(p)) {
                ::usleep(100);
            }
            return nullptr;
        },
        &go);
    auto setter = spawn([&] { go = true; });
    EXPECT_EQ(c.pthread_join(thread, nullptr), 0);
    setter.join();
}

TENDRIL_TEST(HookedThreads, FailToBeJoinedByAKillOrATimeout) {
    const PthreadCalls& c = hooked_calls();
    std::atomic<bool> go{false};
    Thread thread(c, [&] {
        while (!go) {
            c.usleep(100);
        }
    });
    spawn([&] {
        const Timeout timeout(2ms);
        EXPECT_EQ(c.pthread_join(thread.handle(), nullptr), ECANCELED);
        EXPECT_THROW(deliver(), Timeout::Expired);
    }).join();
    go = true;
}

// ---- pthread_exit()

struct Trace {
    const PthreadCalls& c;
    std::string log;
};

TENDRIL_TEST(HookedThreads, ExitByUnwindingTheirStack) {
    compare([](const PthreadCalls& c) {
        Trace trace{c, {}};
        pthread_t thread{};
        void* result = nullptr;
        const auto body = [](void* p) -> void* {
            struct Says {
                Trace& trace;
                ~Says() { trace.log += "destroyed "; }
            };
            auto& t = *static_cast<Trace*>(p);
            const Says says{t};
            pthread_cleanup_push([](void* q) { static_cast<Trace*>(q)->log += "cleaned "; }, p);
            try {
                t.c.pthread_exit(number(5));
            } catch (...) {
                t.log += "caught ";
                throw;
            }
            pthread_cleanup_pop(0);
            return nullptr;
        };
        c.pthread_create(&thread, nullptr, body, &trace);
        c.pthread_join(thread, &result);
        return trace.log + text("result", static_cast<int>(number(result)));
    });
}

// What C code that was compiled without exceptions does at pthread_cleanup_push().
extern "C" int __sigsetjmp(__jmp_buf_tag*, int);

TENDRIL_TEST(HookedThreads, RunTheCleanupHandlersOfCCode) {
    const PthreadCalls& c = hooked_calls();
    struct Handlers {
        decltype(&__pthread_register_cancel) enter;
        decltype(&__pthread_unregister_cancel) leave;
        void (*next)(__pthread_unwind_buf_t*);
        std::string log;
    };
    Handlers handlers{
        reinterpret_cast<decltype(&__pthread_register_cancel)>(hook_for("__pthread_register_cancel")->replacement),
        reinterpret_cast<decltype(&__pthread_unregister_cancel)>(hook_for("__pthread_unregister_cancel")->replacement),
        reinterpret_cast<void (*)(__pthread_unwind_buf_t*)>(hook_for("__pthread_unwind_next")->replacement),
        {}};
    pthread_t thread{};
    void* result = nullptr;
    c.pthread_create(
        &thread, nullptr,
        [](void* p) -> void* {
            auto& h = *static_cast<Handlers*>(p);
            __pthread_unwind_buf_t buffer;
            if (__sigsetjmp(reinterpret_cast<__jmp_buf_tag*>(&buffer), 0) != 0) {
                h.log += "outer ";
                h.next(&buffer);
            }
            h.enter(&buffer);
            __pthread_unwind_buf_t inner;
            if (__sigsetjmp(reinterpret_cast<__jmp_buf_tag*>(&inner), 0) != 0) {
                h.log += "inner ";
                h.next(&inner);
            }
            h.enter(&inner);
            hooked_calls().usleep(1);
            hooked_calls().pthread_exit(number(9));
            h.leave(&inner);
            h.leave(&buffer);
            return nullptr;
        },
        &handlers);
    c.pthread_join(thread, &result);
    EXPECT_EQ(handlers.log, "inner outer ");
    EXPECT_EQ(number(result), 9);
}

// ---- What takes a pthread_t

TENDRIL_TEST(HookedThreads, HaveNamesMasksAndStacks) {
    compare([](const PthreadCalls& c) {
        std::string log;
        Thread(c, [&] {
            const pthread_t self = c.pthread_self();
            log += text("name", c.pthread_setname_np(self, "worker"));
            log += text("long", c.pthread_setname_np(self, "longer than 15 bytes"));
            std::array<char, 16> name{};
            log += text("get", c.pthread_getname_np(self, name.data(), name.size())) + name.data() + ' ';
            log += text("room", c.pthread_getname_np(self, name.data(), 2));
            pthread_attr_t attributes;
            log += text("attributes", c.pthread_getattr_np(self, &attributes));
            void* bottom = nullptr;
            std::size_t size = 0;
            pthread_attr_getstack(&attributes, &bottom, &size);
            const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
            const auto low = reinterpret_cast<std::uintptr_t>(bottom);
            log += text("on it", here > low && here < low + size);
            pthread_attr_destroy(&attributes);
        });
        return log;
    });
}

TENDRIL_TEST(HookedThreads, HoldSignalsBackThatTheyBlock) {
    const PthreadCalls& c = hooked_calls();
    signals_seen = 0;
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = [](int) { ++signals_seen; };
    ::sigaction(SIGUSR1, &action, &before);
    Thread(c, [&] {
        sigset_t set;
        sigset_t old;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        EXPECT_EQ(c.pthread_sigmask(SIG_BLOCK, &set, nullptr), 0);
        EXPECT_EQ(c.pthread_kill(c.pthread_self(), SIGUSR1), 0);
        EXPECT_EQ(signals_seen, 0);
        EXPECT_EQ(c.pthread_sigmask(SIG_UNBLOCK, &set, &old), 0);
        EXPECT_EQ(sigismember(&old, SIGUSR1), 1);
        EXPECT_EQ(signals_seen, 1);
        EXPECT_EQ(c.pthread_sigmask(99, &set, nullptr), EINVAL);
        EXPECT_EQ(c.pthread_sigmask(SIG_SETMASK, &set, nullptr), 0);
    });
    sigset_t own;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &own);
    EXPECT_EQ(sigismember(&own, SIGUSR1), 0);  // one thread that blocks all does not block them for the others
    ::sigaction(SIGUSR1, &before, nullptr);
}

TENDRIL_TEST(HookedThreads, RefuseToBeCancelled) {
    const PthreadCalls& c = hooked_calls();
    Thread thread(c, [] {});
    EXPECT_EQ(c.pthread_cancel(thread.handle()), ENOTSUP);
}

// ---- Keys

TENDRIL_TEST(HookedKeys, HoldAValueForEachThread) {
    compare([](const PthreadCalls& c) {
        static std::string* log = nullptr;
        std::string seen;
        log = &seen;
        pthread_key_t key{};
        seen +=
            text("create",
                 c.pthread_key_create(&key, [](void* p) { *log += text("destroyed", static_cast<int>(number(p))); }));
        seen += text("set", c.pthread_setspecific(key, number(1)));
        Thread(c, [&] {
            seen += text("fresh", static_cast<int>(number(c.pthread_getspecific(key))));
            c.pthread_setspecific(key, number(2));
            c.sched_yield();
            seen += text("own", static_cast<int>(number(c.pthread_getspecific(key))));
        });
        seen += text("main", static_cast<int>(number(c.pthread_getspecific(key))));
        seen += text("delete", c.pthread_key_delete(key));
        Thread(c, [&] { seen += text("deleted", c.pthread_setspecific(key, number(3))); });
        return seen;
    });
}

TENDRIL_TEST(HookedKeys, DestroyAFewTimesWhatDestructorsSet) {
    compare([](const PthreadCalls& c) {
        struct State {
            const PthreadCalls& c;
            pthread_key_t key;
            int rounds;
        } state{c, {}, 0};
        c.pthread_key_create(&state.key, [](void* p) {
            auto& s = *static_cast<State*>(p);
            ++s.rounds;
            s.c.pthread_setspecific(s.key, p);
        });
        Thread(c, [&] { c.pthread_setspecific(state.key, &state); });
        c.pthread_key_delete(state.key);
        return text("rounds", state.rounds);
    });
}

}  // namespace
}  // namespace tendril::patch::detail
