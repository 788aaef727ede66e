// SPDX-License-Identifier: MIT
//
// Each probe ends in bounded time even where its call blocks the OS thread, which is what it is to find out.

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <ctime>

#include <tendril/greenlet.hpp>
#include <tendril/patch/report.hpp>

#include "base/libc.hpp"
#include "patch/hooks.hpp"

namespace tendril::patch {

namespace {

using namespace std::chrono_literals;
using tendril::detail::libc;

constexpr timespec wait_time{0, 15'000'000};
constexpr const char* blocked = "the call blocked the OS thread: no other green thread ran meanwhile";

// What a patched slot of `linked` leads to; nullptr if there is no hook.
template <class F>
F* hooked(const char* symbol, F*) {
    const detail::Hook* const hook = detail::hook_for(symbol);
    return hook != nullptr ? reinterpret_cast<F*>(hook->replacement) : nullptr;
}
#define TENDRIL_HOOKED(name) hooked(#name, static_cast<decltype(&::name)>(nullptr))

// Counts how often another green thread runs while it lives.
class Meanwhile {
public:
    Meanwhile()
        : other_(spawn([this] {
              while (!stop_) {
                  ++runs_;
                  tendril::sleep(1ms);
              }
          })) {}
    Meanwhile(const Meanwhile&) = delete;
    Meanwhile& operator=(const Meanwhile&) = delete;
    ~Meanwhile() {
        stop_ = true;
        other_.kill();
    }

    // Since the last call.
    bool ran() {
        const int before = std::exchange(runs_, 0);
        return before > 1;
    }

private:
    bool stop_ = false;
    int runs_ = 0;
    Greenlet<void> other_;
};

// Each returns why the class does not work; "": it does.

std::string io() {
    auto* const read = TENDRIL_HOOKED(read);
    if (read == nullptr) {
        return "there is no hook for read";
    }
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (timer < 0) {
        return "timerfd_create failed";
    }
    const itimerspec once{{}, wait_time};
    ::timerfd_settime(timer, 0, &once, nullptr);
    Meanwhile meanwhile;
    std::uint64_t expirations = 0;
    const ssize_t got = read(timer, &expirations, sizeof expirations);
    libc.close(timer);
    if (got != sizeof expirations || expirations != 1) {
        return "read from a timer descriptor did not read its count";
    }
    return meanwhile.ran() ? "" : blocked;
}

std::string sleeping() {
    auto* const nanosleep = TENDRIL_HOOKED(nanosleep);
    if (nanosleep == nullptr) {
        return "there is no hook for nanosleep";
    }
    Meanwhile meanwhile;
    if (nanosleep(&wait_time, nullptr) != 0) {
        return "nanosleep failed";
    }
    return meanwhile.ran() ? "" : blocked;
}

std::string names() {
    auto* const getaddrinfo = TENDRIL_HOOKED(getaddrinfo);
    if (getaddrinfo == nullptr) {
        return "there is no hook for getaddrinfo";
    }
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo("127.0.0.1", "80", &hints, &found); error != 0) {
        return std::string("getaddrinfo of 127.0.0.1: ") + ::gai_strerror(error);
    }
    const auto* const address = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
    const bool right = found->ai_family == AF_INET && ntohl(address->sin_addr.s_addr) == INADDR_LOOPBACK &&
                       ntohs(address->sin_port) == 80;
    ::freeaddrinfo(found);
    return right ? "" : "getaddrinfo of 127.0.0.1 found another address";
}

std::string processes() {
    auto* const waitpid = TENDRIL_HOOKED(waitpid);
    if (waitpid == nullptr) {
        return "there is no hook for waitpid";
    }
    const pid_t child = libc.fork();
    if (child < 0) {
        return "fork failed";
    }
    if (child == 0) {
        libc.nanosleep(&wait_time, nullptr);
        ::_exit(7);
    }
    Meanwhile meanwhile;
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 7) {
        return "waitpid did not report the child's end";
    }
    return meanwhile.ran() ? "" : blocked;
}

std::string synchronisation() {
    auto* const lock = TENDRIL_HOOKED(pthread_mutex_timedlock);
    auto* const unlock = TENDRIL_HOOKED(pthread_mutex_unlock);
    if (lock == nullptr || unlock == nullptr) {
        return "there is no hook for pthread_mutex_timedlock or pthread_mutex_unlock";
    }
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    timespec soon{};
    ::clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec += 2;
    lock(&mutex, &soon);
    int second = -1;
    auto waiter = spawn([&] {
        second = lock(&mutex, &soon);
        if (second == 0) {
            unlock(&mutex);
        }
    });
    tendril::sleep(2ms);
    unlock(&mutex);
    waiter.join();
    return second == 0 ? "" : "a mutex was not handed from one green thread to another";
}

std::string threads() {
    auto* const create = TENDRIL_HOOKED(pthread_create);
    auto* const join = TENDRIL_HOOKED(pthread_join);
    if (create == nullptr || join == nullptr) {
        return "there is no hook for pthread_create or pthread_join";
    }
    pid_t runs_in = 0;
    pthread_t thread{};
    const auto body = [](void* result) -> void* {
        *static_cast<pid_t*>(result) = ::gettid();
        return result;
    };
    if (create(&thread, nullptr, body, &runs_in) != 0) {
        return "pthread_create failed";
    }
    void* result = nullptr;
    if (join(thread, &result) != 0 || result != &runs_in) {
        return "pthread_join did not return what the thread returned";
    }
    return runs_in == ::gettid() ? "" : "the new thread ran in an OS thread of its own";
}

std::string keys() {
    auto* const create = TENDRIL_HOOKED(pthread_key_create);
    auto* const set = TENDRIL_HOOKED(pthread_setspecific);
    auto* const get = TENDRIL_HOOKED(pthread_getspecific);
    auto* const drop = TENDRIL_HOOKED(pthread_key_delete);
    if (create == nullptr || set == nullptr || get == nullptr || drop == nullptr) {
        return "there is no hook for pthread_getspecific or its kin";
    }
    pthread_key_t key{};
    if (create(&key, nullptr) != 0) {
        return "pthread_key_create failed";
    }
    int mine = 0;
    set(key, &mine);
    const void* others = &mine;
    spawn([&] { others = get(key); }).join();
    const bool right = others == nullptr && get(key) == &mine;
    drop(key);
    return right ? "" : "a green thread saw another's value";
}

std::string signals() {
    auto* const wait = TENDRIL_HOOKED(sigtimedwait);
    if (wait == nullptr) {
        return "there is no hook for sigtimedwait";
    }
    sigset_t none;
    ::sigemptyset(&none);
    Meanwhile meanwhile;
    if (wait(&none, nullptr, &wait_time) != -1 || errno != EAGAIN) {
        return "sigtimedwait did not time out";
    }
    return meanwhile.ran() ? "" : blocked;
}

struct Probe {
    Class of;
    std::string (*run)();
};
constexpr std::array<Probe, 8> probes{{{Class::io, io},
                                       {Class::sleep, sleeping},
                                       {Class::names, names},
                                       {Class::processes, processes},
                                       {Class::sync, synchronisation},
                                       {Class::threads, threads},
                                       {Class::keys, keys},
                                       {Class::signals, signals}}};

}  // namespace

std::vector<SelfTest> self_test() {
    std::vector<SelfTest> results;
    for (const Probe& probe : probes) {
        std::string why = probe.run();
        const bool passed = why.empty();
        results.push_back({probe.of, passed, std::move(why)});
    }
    return results;
}

std::string to_string(const std::vector<SelfTest>& results) {
    std::string text;
    for (const SelfTest& result : results) {
        text.append(to_string(result.of)).append(result.passed ? ": passed" : ": FAILED: ").append(result.why);
        text.append("\n");
    }
    return text;
}

}  // namespace tendril::patch
