// SPDX-License-Identifier: MIT
//
// Green threads of C code and what ends around them: the hub, the main thread. C11's calls. Signals that end waits.

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>
#include <threads.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/patch/patch.hpp>

#include "green_test.hpp"
#include "patch/pthread_calls.hpp"

namespace tendril::patch::detail {
namespace {

using namespace std::chrono_literals;

template <class F>
F* hooked(const char* symbol) {
    return reinterpret_cast<F*>(hook_for(symbol)->replacement);
}

// Threads of C code that wait for good when the program ends: nobody kills them, waits for them or reports them.
TEST(ThreadLife, OutlivesItsHubSuspended) {
    static std::atomic<int> returned;
    returned = 0;
    const auto begin = std::chrono::steady_clock::now();
    ::testing::internal::CaptureStderr();
    std::thread([] {
        for (int i = 0; i < 3; ++i) {
            pthread_t thread{};
            hooked_calls().pthread_create(
                &thread, nullptr,
                [](void*) -> void* {
                    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
                    static pthread_cond_t never_signalled = PTHREAD_COND_INITIALIZER;
                    hooked_calls().pthread_mutex_lock(&mutex);
                    hooked_calls().pthread_cond_wait(&never_signalled, &mutex);
                    ++returned;
                    return nullptr;
                },
                nullptr);
        }
        yield();
    }).join();
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 500ms);
    EXPECT_EQ(returned, 0);
}

// A main thread that exits leaves the others running; the last one ends the program, with status 0.
TEST(ThreadLife, GoesOnAfterTheMainThread) {
    const pid_t child = ::fork();
    if (child == 0) {
        static std::atomic<bool> ended;
        pthread_t thread{};
        Hub::current();
        hooked_calls().pthread_create(
            &thread, nullptr,
            [](void*) -> void* {
                hooked_calls().usleep(20'000);
                ended = true;
                return nullptr;
            },
            nullptr);
        std::atexit([] { ::_exit(ended ? 0 : 1); });
        hooked_calls().pthread_exit(nullptr);
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TENDRIL_TEST(ThreadLife, IsMadeAndJoinedByTheCallsOfC11) {
    thrd_t thread{};
    int result = 0;
    int value = 41;
    EXPECT_EQ(hooked<decltype(::thrd_create)>("thrd_create")(
                  &thread, [](void* p) { return ++*static_cast<int*>(p); }, &value),
              thrd_success);
    EXPECT_EQ(hooked<decltype(::thrd_join)>("thrd_join")(thread, &result), thrd_success);
    EXPECT_EQ(result, 42);
    EXPECT_EQ(hooked<decltype(::thrd_create)>("thrd_create")(
                  &thread,
                  [](void*) {
                      hooked<decltype(::thrd_exit)>("thrd_exit")(7);
                      return 0;
                  },
                  nullptr),
              thrd_success);
    EXPECT_EQ(hooked<decltype(::thrd_join)>("thrd_join")(thread, &result), thrd_success);
    EXPECT_EQ(result, 7);
}

// ---- Signals

sem_t posted_by_handler;

struct Handler {
    struct sigaction before {};
    Handler(int flags, void (*run)(int)) {
        struct sigaction action {};
        action.sa_handler = run;
        action.sa_flags = flags;
        EXPECT_EQ(hooked<decltype(::sigaction)>("sigaction")(SIGUSR2, &action, &before), 0);
    }
    ~Handler() { hooked<decltype(::sigaction)>("sigaction")(SIGUSR2, &before, nullptr); }
};

void signal_after(pthread_t target, std::thread& by) {
    by = std::thread([target] {
        std::this_thread::sleep_for(20ms);
        ::pthread_kill(target, SIGUSR2);
    });
}

TENDRIL_TEST(ThreadLife, EndsAWaitForAPermitByAHandlerWithoutRestart) {
    const Handler handler(0, [](int) {});
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    std::thread by;
    signal_after(::pthread_self(), by);
    EXPECT_EQ(hooked_calls().sem_wait(&semaphore), -1);
    EXPECT_EQ(errno, EINTR);
    by.join();
}

// A signal for one thread ends its wait, and no other's.
TENDRIL_TEST(ThreadLife, IsBrokenOffByASignalOfItsOwn) {
    const PthreadCalls& c = hooked_calls();
    const Handler handler(0, [](int) {});
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    int own = 0;
    int others = 0;
    Thread target(c, [&] { own = c.sem_wait(&semaphore) == 0 ? 0 : errno; });
    Thread other(c, [&] { others = c.sem_wait(&semaphore) == 0 ? 0 : errno; });
    yield();
    EXPECT_EQ(c.pthread_kill(target.handle(), SIGUSR2), 0);
    target.join();
    EXPECT_EQ(own, EINTR);
    c.sem_post(&semaphore);
    other.join();
    EXPECT_EQ(others, 0);
}

TENDRIL_TEST(ThreadLife, IsWokenByAPostInAHandler) {
    const Handler handler(SA_RESTART, [](int) { hooked_calls().sem_post(&posted_by_handler); });
    sem_init(&posted_by_handler, 0, 0);
    std::thread by;
    signal_after(::pthread_self(), by);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(hooked_calls().sem_wait(&posted_by_handler), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    by.join();
}

}  // namespace
}  // namespace tendril::patch::detail
