// SPDX-License-Identifier: MIT
//
// What check.py counts the instructions of: one operation, done a number of times.
//
//     instructions NAME N      N operations; without arguments: the names
//
// The clock is the program's own, and only passes when the program asks for it or its hub sleeps, so that each run
// takes the same way whatever else the machine does. Both ends of a connection are here, on a Unix-domain socket, for
// which the system delivers at once.

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <any>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tendril/context.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/http/server.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/socket.hpp>
#include <tendril/timeout.hpp>

namespace {

std::int64_t time_ns = 1'700'000'000'000'000'000;  // of all clocks

long system_call(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result = number;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    if (result < 0 && result > -4096) {
        errno = static_cast<int>(-result);
        return -1;
    }
    return result;
}

// What a hub does to sleep: the time passes at once.
int poll_epoll(int epoll, epoll_event* events, int n, std::int64_t timeout_ns) {
    const auto ready = system_call(SYS_epoll_wait, epoll, reinterpret_cast<long>(events), n, 0, 0, 0);
    if (ready == 0 && timeout_ns < 0) {
        std::fputs("instructions: the hub would sleep without end\n", stderr);
        std::abort();
    }
    if (ready == 0) {
        time_ns += timeout_ns;
    }
    return static_cast<int>(ready);
}

}  // namespace

// These stand in for the C library's.
extern "C" {

int clock_gettime(clockid_t, timespec* to) noexcept {
    time_ns += 100;
    *to = {time_ns / 1'000'000'000, time_ns % 1'000'000'000};
    return 0;
}

int epoll_wait(int epoll, epoll_event* events, int n, int timeout_ms) {
    return poll_epoll(epoll, events, n, timeout_ms < 0 ? -1 : std::int64_t{timeout_ms} * 1'000'000);
}

long syscall(long number, ...) noexcept {
    va_list list;
    va_start(list, number);
    long arguments[6];
    for (long& each : arguments) {
        each = va_arg(list, long);
    }
    va_end(list);
    if (number == SYS_epoll_pwait2) {
        const auto* timeout = reinterpret_cast<const timespec*>(arguments[3]);
        return poll_epoll(static_cast<int>(arguments[0]), reinterpret_cast<epoll_event*>(arguments[1]),
                          static_cast<int>(arguments[2]), timeout->tv_sec * 1'000'000'000 + timeout->tv_nsec);
    }
    return system_call(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

}  // extern "C"

namespace {

using namespace std::chrono_literals;

void require(bool done, const char* what) {
    if (!done) {
        std::fprintf(stderr, "instructions: %s\n", what);
        std::abort();
    }
}

// A switch between raw contexts.
void switch_contexts(std::uint64_t n) {
    tendril::Context other([](std::any) -> std::any {
        for (;;) {
            tendril::current_context().parent().switch_to();
        }
    });
    for (std::uint64_t i = 0; i < n; i += 2) {
        other.switch_to();
    }
}

// A yield, by two green threads.
void yield(std::uint64_t n) {
    auto other = tendril::spawn([n] {
        for (std::uint64_t i = 0; i < n; i += 2) {
            tendril::yield();
        }
    });
    for (std::uint64_t i = 0; i < n; i += 2) {
        tendril::yield();
    }
    other.join();
}

// A green thread spawned and joined.
void spawn(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        tendril::spawn([] {}).join();
    }
}

// The same, 100 at a time.
void spawn_100(std::uint64_t n) {
    std::vector<tendril::Greenlet<void>> handles;
    handles.reserve(100);
    for (std::uint64_t i = 0; i < n; i += 100) {
        for (int k = 0; k < 100; ++k) {
            handles.push_back(tendril::spawn([] {}));
        }
        for (const auto& each : handles) {
            each.join();
        }
        handles.clear();
    }
}

// A waiter woken: a permit released by one green thread, and taken by another that waits for it.
void wake(std::uint64_t n) {
    tendril::Semaphore mine(0);
    tendril::Semaphore yours(0);
    auto other = tendril::spawn([&] {
        for (std::uint64_t i = 0; i < n; i += 2) {
            yours.acquire();
            mine.release();
        }
    });
    for (std::uint64_t i = 0; i < n; i += 2) {
        yours.release();
        mine.acquire();
    }
    other.join();
}

// A sleep, by 100 green threads.
void sleep_100(std::uint64_t n) {
    tendril::Group sleepers;
    for (std::uint32_t i = 0; i < 100; ++i) {
        sleepers.spawn([i, n] {
            for (std::uint64_t k = 0; k < n / 100; ++k) {
                tendril::sleep(std::chrono::microseconds(1'000 + (i * 7'919 + k * 104'729) % 19'000));
            }
        });
    }
    sleepers.join();
}

// A Timeout set and left.
void timeout(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        const tendril::Timeout limit(1s);
    }
}

using Pair = std::pair<tendril::TcpSocket, tendril::TcpSocket>;

std::string own_address(const char* name) {
    return "unix:@tendril-instructions-" + std::to_string(::getpid()) + "-" + name;
}

Pair connected() {
    tendril::Listener listener = tendril::listen(own_address("pair"));
    tendril::TcpSocket client = tendril::connect(listener.address());
    return {std::move(client), listener.accept()};
}

// 64 bytes received that are there.
void recv(std::uint64_t n) {
    Pair ends = connected();
    const int fd = ends.second.fd();
    char bytes[64] = {};
    char buffer[4096];
    for (std::uint64_t i = 0; i < n; ++i) {
        require(::send(fd, bytes, sizeof bytes, 0) == sizeof bytes, "send");
        require(ends.first.recv(buffer) == sizeof bytes, "recv");
    }
}

// 64 bytes sent for which there is room.
void send(std::uint64_t n) {
    Pair ends = connected();
    const int fd = ends.second.fd();
    char bytes[64] = {};
    char buffer[4096];
    for (std::uint64_t i = 0; i < n; ++i) {
        ends.first.send_all({bytes, sizeof bytes});
        require(::recv(fd, buffer, sizeof buffer, 0) == sizeof bytes, "recv");
    }
}

// 64 bytes sent to a green thread that waits for them.
void message(std::uint64_t n) {
    Pair ends = connected();
    const auto play = [n](tendril::TcpSocket& end, bool serves) {
        char bytes[64] = {};
        char buffer[4096];
        for (std::uint64_t i = 0; i < n; i += 2) {
            if (serves) {
                end.send_all({bytes, sizeof bytes});
            }
            require(end.recv(buffer) == sizeof bytes, "recv");
            if (!serves) {
                end.send_all({bytes, sizeof bytes});
            }
        }
    };
    auto other = tendril::spawn([&] { play(ends.second, false); });
    play(ends.first, true);
    other.join();
}

// An HTTP request on a connection that is kept alive, from the client's send to its recv.
void http_request(std::uint64_t n) {
    tendril::Listener listener = tendril::listen(own_address("http"));
    tendril::Group server;
    server.spawn([&listener] {
        tendril::http::serve(listener, [](tendril::http::Request&, tendril::http::Response& response) {
            response.send("Hello, World!", "text/plain");
        });
    });
    tendril::TcpSocket client = tendril::connect(listener.address());
    constexpr std::string_view request = "GET /hello?name=world HTTP/1.1\r\n"
                                         "Host: localhost\r\n"
                                         "User-Agent: instructions\r\n"
                                         "Accept: */*\r\n"
                                         "\r\n";
    char buffer[4096];
    for (std::uint64_t i = 0; i < n; ++i) {
        client.send_all(request);
        const std::size_t size = client.recv(buffer);
        require(std::string_view(buffer, size).ends_with("Hello, World!"), "no answer");
    }
    client.close();
    server.kill();
}

struct Operation {
    const char* name;
    void (*run)(std::uint64_t n);
};

constexpr Operation operations[] = {
    {"switch", switch_contexts},
    {"yield", yield},
    {"spawn", spawn},
    {"spawn_100", spawn_100},
    {"wake", wake},
    {"sleep", sleep_100},
    {"timeout", timeout},
    {"recv", recv},
    {"send", send},
    {"message", message},
    {"http_request", http_request},
};

}  // namespace

int main(int argc, char** argv) {
    for (const Operation& each : operations) {
        if (argc == 3 && std::strcmp(argv[1], each.name) == 0) {
            each.run(std::strtoull(argv[2], nullptr, 10));
            return 0;
        }
        if (argc == 1) {
            std::puts(each.name);
        }
    }
    if (argc != 1) {
        std::fprintf(stderr, "usage: %s [NAME N]\n", argv[0]);
        return 2;
    }
    return 0;
}
