// SPDX-License-Identifier: MIT
//
// read, write and their like on everything but sockets, against the kernel.

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

TENDRIL_SCENE(KernelRead, WaitsForAPipe) {
    const auto ends = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "hello", 5));
    });
    char to[64];
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
}

TENDRIL_SCENE(KernelRead, TakesPartAndLeavesTheRest) {
    const auto ends = me.pipe();
    me.saw("write", me.call.write(ends.b, "abcdef", 6));
    char to[64];
    me.saw("read", me.call.read(ends.a, to, 2), to);
    me.saw("read", me.call.read(ends.a, to, 0));
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
}

TENDRIL_SCENE(KernelRead, SeesTheEndWhileItWaits) {
    const auto ends = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(ends.b);
    });
    char to[64];
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
}

TENDRIL_SCENE(KernelRead, FailsAtOnceOnANonBlockingPipe) {
    const auto ends = me.pipe(O_NONBLOCK);
    char to[64];
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
    me.note(std::to_string(me.fill(ends.b) != 0));
    me.saw("write", me.call.write(ends.b, "x", 1));
    me.saw("writev", [&] {
        iovec part{.iov_base = to, .iov_len = 5};
        return me.call.writev(ends.b, &part, 1);
    }());
}

TENDRIL_SCENE(KernelRead, RefusesBadArguments) {
    const auto ends = me.pipe();
    char to[64];
    me.saw("read of -1", me.call.read(-1, to, 1));
    me.saw("write of -1", me.call.write(-1, "x", 1));
    me.saw("read of 100000", me.call.read(100'000, to, 1));
    me.saw("read of the writing end", me.call.read(ends.b, to, 1));
    me.saw("write of the reading end", me.call.write(ends.a, "x", 1));
    me.saw("write from nowhere", me.call.write(ends.b, nowhere(), 5));
    me.saw("write", me.call.write(ends.b, "x", 1));
    me.saw("read to nowhere", me.call.read(ends.a, nowhere(), 5));
    me.saw("read", me.call.read(ends.a, to, 1), to);
    iovec parts[2] = {{.iov_base = to, .iov_len = 4}, {.iov_base = to + 4, .iov_len = 4}};
    me.saw("readv of -1 parts", me.call.readv(ends.a, parts, -1));
    me.saw("writev of 1025 parts", me.call.writev(ends.b, std::vector<iovec>(1025).data(), 1025));
    me.saw("writev of none", me.call.writev(ends.b, parts, 0));
    me.saw("readv of none", me.call.readv(ends.a, parts, 0));
    me.saw("readv of -1", me.call.readv(-1, parts, 2));
    me.saw("writev of -1", me.call.writev(-1, parts, 2));
    me.saw("readv of the writing end", me.call.readv(ends.b, parts, 2));
    me.saw("read of a folder", me.call.read(me.keep(::open("/", O_RDONLY | O_DIRECTORY)), to, 1));
}

TENDRIL_SCENE(KernelRead, GathersAndScatters) {
    const auto ends = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        char text[] = "abcdefgh";
        iovec parts[3] = {{.iov_base = text, .iov_len = 3},
                          {.iov_base = nullptr, .iov_len = 0},
                          {.iov_base = text + 3, .iov_len = 5}};
        it.saw("writev", it.call.writev(ends.b, parts, 3));
    });
    char to[64]{};
    iovec parts[2] = {{.iov_base = to + 32, .iov_len = 2}, {.iov_base = to, .iov_len = 32}};
    me.saw("readv", me.call.readv(ends.a, parts, 2));
    me.note(to);
    me.note(to + 32);
}

// A write of a blocking pipe returns when all of it is written.
TENDRIL_SCENE(KernelWrite, WritesAllToASlowReader) {
    const auto ends = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        std::string to(10'000, '\0');
        std::size_t sum = 0;
        std::size_t right = 0;
        for (ssize_t n = 0; (n = it.call.read(ends.a, to.data(), to.size())) > 0; sum += static_cast<std::size_t>(n)) {
            for (ssize_t i = 0; i < n; ++i) {
                right += to[static_cast<std::size_t>(i)] == static_cast<char>((sum + static_cast<std::size_t>(i)) / 7);
            }
        }
        it.note(std::to_string(sum) + " bytes, of which right " + std::to_string(right));
    });
    std::string text(1 << 20, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = static_cast<char>(i / 7);
    }
    me.saw("write", me.call.write(ends.b, text.data(), text.size()));
    me.close(ends.b);
}

TENDRIL_SCENE(KernelWrite, GathersAllForASlowReader) {
    const auto ends = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        std::string to(10'000, '\0');
        std::size_t sums[256]{};
        for (ssize_t n = 0; (n = it.call.read(ends.a, to.data(), to.size())) > 0;) {
            for (ssize_t i = 0; i < n; ++i) {
                ++sums[static_cast<unsigned char>(to[static_cast<std::size_t>(i)])];
            }
        }
        it.note(std::to_string(sums[int('a')]) + " " + std::to_string(sums[int('b')]) + " " +
                std::to_string(sums[int('c')]));
    });
    std::string a(100'000, 'a');
    std::string b(1, 'b');
    std::string c(200'001, 'c');
    iovec parts[3] = {{.iov_base = a.data(), .iov_len = a.size()},
                      {.iov_base = b.data(), .iov_len = b.size()},
                      {.iov_base = c.data(), .iov_len = c.size()}};
    me.saw("writev", me.call.writev(ends.b, parts, 3));
    me.close(ends.b);
}

// At most PIPE_BUF bytes are written as one: they wait for room for all of them.
TENDRIL_SCENE(KernelWrite, IsAtomicUpToPipeBuf) {
    const auto ends = me.pipe();
    ::fcntl(ends.b, F_SETPIPE_SZ, 8192);
    me.fill(ends.b, 6000);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        std::string to(20'000, '\0');
        it.note("waits");
        std::size_t sum = 0;
        while (sum < 6000 + 4096) {
            const ssize_t n = it.call.read(ends.a, to.data() + sum, 5000);
            if (n <= 0) {
                break;
            }
            sum += static_cast<std::size_t>(n);
        }
        it.note(std::to_string(sum) + to.substr(5995, 10) + to.substr(6000 + 4091, 5));
    });
    const std::string text(4096, 'x');
    me.saw("write", me.call.write(ends.b, text.data(), text.size()));
}

TENDRIL_SCENE(KernelWrite, FailsWhenTheReaderHasGone) {
    const auto ends = me.pipe();
    me.fill(ends.b);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(ends.a);
    });
    struct sigaction ignore {};
    struct sigaction before {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before);
    me.saw("write", me.call.write(ends.b, "abc", 3));
    me.saw("write", me.call.write(ends.b, "abc", 3));
    me.saw("write of nothing", me.call.write(ends.b, "abc", 0));
    ::sigaction(SIGPIPE, &before, nullptr);
}

TENDRIL_SCENE(KernelWrite, ReturnsWhatItWroteWhenTheReaderGoes) {
    const auto ends = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.close(ends.a);
    });
    struct sigaction ignore {};
    struct sigaction before {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before);
    const std::string text(200'000, 'x');
    me.saw("write", me.call.write(ends.b, text.data(), text.size()));
    ::sigaction(SIGPIPE, &before, nullptr);
}

volatile int broken_pipes = 0;

TENDRIL_SCENE(KernelWrite, SendsSigpipeOnce) {
    const auto ends = me.pipe();
    me.close(ends.a);
    broken_pipes = 0;
    struct sigaction count {};
    struct sigaction before {};
    count.sa_handler = [](int) { broken_pipes = broken_pipes + 1; };
    ::sigaction(SIGPIPE, &count, &before);
    me.saw("write", me.call.write(ends.b, "abc", 3));
    me.note(std::to_string(broken_pipes));
    ::sigaction(SIGPIPE, &before, nullptr);
}

TENDRIL_SCENE(KernelRead, WaitsForAnEventfd) {
    const int fd = me.keep(::eventfd(0, 0));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        const std::uint64_t three = 3;
        it.saw("write", it.call.write(fd, &three, sizeof three));
        const std::uint64_t most = UINT64_MAX - 1;
        it.saw("write", it.call.write(fd, &most, sizeof most));
    });
    std::uint64_t value = 0;
    char small[4];
    me.saw("read of 4 bytes", me.call.read(fd, small, sizeof small));
    me.saw("read", me.call.read(fd, &value, sizeof value));
    me.saw("read", static_cast<long>(value));
    me.saw("read", me.call.read(fd, &value, sizeof value));
    me.note(std::to_string(value));
    const std::uint64_t too_much = UINT64_MAX;
    me.saw("write", me.call.write(fd, &too_much, sizeof too_much));
}

TENDRIL_SCENE(KernelWrite, WaitsForAFullEventfd) {
    const int fd = me.keep(::eventfd(0, 0));
    const std::uint64_t most = UINT64_MAX - 1;
    me.saw("write", me.call.write(fd, &most, sizeof most));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        std::uint64_t value = 0;
        it.saw("read", it.call.read(fd, &value, sizeof value));
        it.note(std::to_string(value));
    });
    const std::uint64_t two = 2;
    me.saw("write", me.call.write(fd, &two, sizeof two));
}

TENDRIL_SCENE(KernelRead, TakesOneAtATimeFromASemaphore) {
    const int fd = me.keep(::eventfd(2, EFD_SEMAPHORE));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        const std::uint64_t one = 1;
        it.saw("write", it.call.write(fd, &one, sizeof one));
    });
    for (int i = 0; i < 3; ++i) {
        std::uint64_t value = 0;
        me.saw("read", me.call.read(fd, &value, sizeof value));
        me.note(std::to_string(value));
    }
}

TENDRIL_SCENE(KernelRead, WaitsForATimerfd) {
    const int fd = me.keep(::timerfd_create(CLOCK_MONOTONIC, 0));
    const itimerspec in{.it_interval = {}, .it_value = to_timespec(20ms)};
    const auto start = std::chrono::steady_clock::now();
    ::timerfd_settime(fd, 0, &in, nullptr);
    std::uint64_t value = 0;
    me.saw("read", me.call.read(fd, &value, sizeof value));
    me.noted_span(start, 20ms);
    me.note(std::to_string(value));
}

TENDRIL_SCENE(KernelRead, NeverWaitsForFiles) {
    const int fd = me.keep(::memfd_create("scene", 0));
    char to[64]{};
    me.saw("read", me.call.read(fd, to, sizeof to), to);
    me.saw("write", me.call.write(fd, "abcdef", 6));
    me.saw("read", me.call.read(fd, to, sizeof to), to);
    ::lseek(fd, 1, SEEK_SET);
    me.saw("read", me.call.read(fd, to, 3), to);
    iovec parts[2] = {{.iov_base = to, .iov_len = 1}, {.iov_base = to + 1, .iov_len = 8}};
    me.saw("readv", me.call.readv(fd, parts, 2), to);
    me.saw("writev", me.call.writev(fd, parts, 1));
    me.saw("__read_chk", me.call.__read_chk(fd, to, 5, sizeof to), to);
    const int zero = me.keep(::open("/dev/zero", O_RDWR));
    me.saw("read", me.call.read(zero, to, sizeof to));
    me.saw("write", me.call.write(zero, to, sizeof to));
    const int null = me.keep(::open("/dev/null", O_RDWR));
    me.saw("read", me.call.read(null, to, sizeof to));
    me.saw("write", me.call.write(null, to, sizeof to));
    const int full = me.keep(::open("/dev/full", O_RDWR));
    me.saw("write", me.call.write(full, to, sizeof to));
    const int random = me.keep(::open("/dev/urandom", O_RDONLY));
    me.saw("read", me.call.read(random, to, sizeof to));
    const int proc = me.keep(::open("/proc/self/stat", O_RDONLY));
    me.saw("read", me.call.read(proc, to, 4) == 4);
}

TENDRIL_SCENE(KernelRead, ChecksTheRoomOfAFortifiedCall) {
    const auto ends = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "hello", 5));
    });
    char to[64];
    me.saw("__read_chk", me.call.__read_chk(ends.a, to, 3, sizeof to), to);
    me.saw("__read_chk", me.call.__read_chk(ends.a, to, 64, sizeof to), to);
}

}  // namespace
}  // namespace tendril::patch::testing
