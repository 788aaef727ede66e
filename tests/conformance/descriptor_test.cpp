// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md sections 3.C and 3.I, on every backend: descriptors that are closed under their
// waiters, numbers that are used again, signals, and a hub whose own descriptors are closed under it. Defined results
// each time, and no CPU time is burned while nothing happens.

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <tendril/fd.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/socket.hpp>

#include "green_test.hpp"
#include "hub/backend.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

struct Pair {
    Listener listener;
    TcpSocket client;
    TcpSocket server;

    Pair() : listener(listen("127.0.0.1:0")) {
        client = connect(listener.address());
        server = listener.accept();
    }
};

int errno_of_recv(TcpSocket& socket) {
    try {
        char c = 0;
        socket.recv({&c, 1});
        return 0;
    } catch (const std::system_error& e) {
        return e.code().value();
    }
}

std::chrono::nanoseconds cpu_of_this_thread() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

// Nothing happens for a while, and it costs next to nothing.
void expect_idle() {
    const auto before = cpu_of_this_thread();
    sleep(100ms);
    EXPECT_LT(cpu_of_this_thread() - before, 50ms) << "the hub spins";
}

// TC01
TENDRIL_TEST(ConformanceC, TC01_ClosingWakesTheWaitersAndAReusedNumberMeetsNothingOfIt) {
    Pair p;
    auto reader = spawn([&] { return errno_of_recv(p.server); });
    yield();
    yield();
    const int number = p.server.fd();
    p.server.close();
    Pair next;
    EXPECT_TRUE(next.client.fd() == number || next.server.fd() == number || next.listener.fd() == number);
    EXPECT_EQ(reader.get(), EBADF);
    auto patient = spawn([&] { return errno_of_recv(next.server); });
    expect_idle();
    EXPECT_FALSE(patient.ready()) << "woken for what came on the number before";
    next.client.send_all("x");
    EXPECT_EQ(patient.get(), 0);
}

// gevent issue 1710: a duplicate keeps epoll telling of what nobody can deregister any more.
TENDRIL_TEST(ConformanceC, ADuplicateThatOutlivesItsSocketWakesNobody) {
    Pair p;
    auto reader = spawn([&] { return errno_of_recv(p.server); });
    sleep(1ms);  // it waits, and the backend knows
    const Fd dup(::dup(p.server.fd()));
    p.server.close();
    EXPECT_EQ(reader.get(), EBADF);
    p.client.send_all("for nobody");
    expect_idle();
    p.client.close();
    expect_idle();
}

// TC18
TEST(ConformanceC, TC18_StoppedAndContinuedTheLoopGoesOn) {
    for (const std::string_view backend : detail::backend_names()) {
        SCOPED_TRACE(backend);
        ::setenv("TENDRIL_BACKEND", std::string(backend).c_str(), 1);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            int result = 1;
            std::thread([&result] {
                Pair p;
                auto late = spawn([&] {
                    sleep(100ms);
                    p.client.send_all("x");
                });
                result = errno_of_recv(p.server);
                late.get();
            }).join();
            ::_exit(result);
        }
        int status = 0;
        for (int i = 0; i < 5; ++i) {
            std::this_thread::sleep_for(10ms);
            ::kill(child, SIGSTOP);
            ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
            ASSERT_TRUE(WIFSTOPPED(status));
            ::kill(child, SIGCONT);
        }
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), 0);
    }
    ::unsetenv("TENDRIL_BACKEND");
}

std::atomic<int> signals_seen{0};

// Every wait is interrupted again and again by a handler that does not restart it.
TENDRIL_TEST(ConformanceC, InterruptedSystemCallsAreNobodysError) {
    struct sigaction handler {};
    struct sigaction before {};
    signals_seen = 0;
    handler.sa_handler = [](int) { ++signals_seen; };
    ASSERT_EQ(::sigaction(SIGUSR1, &handler, &before), 0);
    Pair p;
    auto reader = spawn([&] { return errno_of_recv(p.server); });
    std::atomic<bool> enough{false};
    std::thread disturber([&, victim = ::pthread_self()] {
        while (!enough) {
            ::pthread_kill(victim, SIGUSR1);
            std::this_thread::sleep_for(1ms);
        }
    });
    const auto start = std::chrono::steady_clock::now();
    sleep(50ms);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 50ms);
    EXPECT_FALSE(reader.ready());
    p.client.send_all("x");
    EXPECT_EQ(reader.get(), 0);
    enough = true;
    disturber.join();
    EXPECT_GT(signals_seen, 0);
    ::sigaction(SIGUSR1, &before, nullptr);
}

// Those of this process whose link says `kind`.
std::vector<int> descriptors_of_kind(std::string_view kind) {
    std::vector<int> found;
    DIR* dir = ::opendir("/proc/self/fd");
    while (const dirent* entry = ::readdir(dir)) {
        char link[64] = {};
        const ssize_t n = ::readlinkat(::dirfd(dir), entry->d_name, link, sizeof link);
        if (n > 0 && std::string_view(link, static_cast<std::size_t>(n)) == kind) {
            found.push_back(std::atoi(entry->d_name));
        }
    }
    ::closedir(dir);
    return found;
}

// TI14
TEST(ConformanceI, TI14_TheHubsOwnDescriptorIsClosedUnderIt) {
    for (const std::string_view backend : detail::backend_names()) {
        for (const char* kind : {"anon_inode:[eventpoll]", "anon_inode:[io_uring]", "anon_inode:[eventfd]"}) {
            SCOPED_TRACE(std::string(backend) + ", " + kind);
            ::setenv("TENDRIL_BACKEND", std::string(backend).c_str(), 1);
            const std::size_t before = testing::count_descriptors();
            std::thread([&] {
                Hub::current();
                const std::vector<int> own = descriptors_of_kind(kind);
                for (const int fd : own) {
                    ::close(fd);
                }
                const auto cpu = cpu_of_this_thread();
                try {
                    sleep(100ms);
                } catch (const std::system_error& e) {
                    EXPECT_FALSE(own.empty());
                    EXPECT_EQ(e.code(), std::errc::bad_file_descriptor) << e.what();
                }
                EXPECT_LT(cpu_of_this_thread() - cpu, 50ms) << "the hub spins";
            }).join();
            EXPECT_EQ(testing::count_descriptors(), before);
        }
    }
    ::unsetenv("TENDRIL_BACKEND");
}

}  // namespace
}  // namespace tendril
