// SPDX-License-Identifier: MIT

#include "base/thread_call.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "base/libc.hpp"

namespace tendril::detail {

namespace {

struct CallName {
    long number;
    const char* name;
};

// The calls that can keep a program waiting.
constexpr CallName call_names[] = {
#ifdef SYS_poll
    {SYS_poll, "poll"},
    {SYS_select, "select"},
    {SYS_epoll_wait, "epoll_wait"},
    {SYS_pause, "pause"},
    {SYS_open, "open"},
#endif
    {SYS_read, "read"},
    {SYS_write, "write"},
    {SYS_readv, "readv"},
    {SYS_writev, "writev"},
    {SYS_pread64, "pread"},
    {SYS_pwrite64, "pwrite"},
    {SYS_nanosleep, "nanosleep"},
    {SYS_clock_nanosleep, "clock_nanosleep"},
    {SYS_ppoll, "ppoll"},
    {SYS_pselect6, "pselect"},
    {SYS_epoll_pwait, "epoll_pwait"},
    {SYS_futex, "futex"},
    {SYS_wait4, "wait4"},
    {SYS_waitid, "waitid"},
    {SYS_flock, "flock"},
    {SYS_fcntl, "fcntl"},
    {SYS_ioctl, "ioctl"},
    {SYS_openat, "openat"},
    {SYS_close, "close"},
    {SYS_fsync, "fsync"},
    {SYS_fdatasync, "fdatasync"},
    {SYS_connect, "connect"},
    {SYS_accept, "accept"},
    {SYS_accept4, "accept4"},
    {SYS_recvfrom, "recvfrom"},
    {SYS_recvmsg, "recvmsg"},
    {SYS_sendto, "sendto"},
    {SYS_sendmsg, "sendmsg"},
    {SYS_rt_sigtimedwait, "sigtimedwait"},
    {SYS_rt_sigsuspend, "sigsuspend"},
};

// Whether the address is just after a call instruction.
bool follows_call(const void* address) noexcept {
#if defined(__x86_64__)
    std::array<unsigned char, 7> before{};
    if (!copy_memory(static_cast<const char*>(address) - before.size(), before.data(), before.size())) {
        return false;
    }
    if (before[2] == 0xe8) {  // call rel32
        return true;
    }
    for (const std::size_t at : {0U, 1U, 3U, 4U, 5U}) {  // call through a register or memory, of 7, 6, 4, 3, 2 bytes
        if (before[at] == 0xff && (before[at + 1] & 0x38) == 0x10) {
            return true;
        }
    }
    return false;
#elif defined(__aarch64__)
    std::uint32_t before = 0;
    return copy_memory(static_cast<const char*>(address) - sizeof before, &before, sizeof before) &&
           ((before & 0xfc000000) == 0x94000000 || (before & 0xfffffc1f) == 0xd63f0000);  // bl, blr
#else
    static_cast<void>(address);
    return false;
#endif
}

// The address ranges of this process that hold code. Uses no heap memory, and none of the C library's locks.
class CodeMaps {
public:
    CodeMaps() noexcept {
        const int fd = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
        std::array<char, 4096> text{};
        std::size_t filled = 0;
        for (ssize_t n = 0; fd >= 0 && (n = libc.read(fd, text.data() + filled, text.size() - 1 - filled)) > 0;) {
            filled += static_cast<std::size_t>(n);
            text[filled] = 0;
            char* line = text.data();
            while (char* end = std::strchr(line, '\n')) {
                *end = 0;
                add(line);
                line = end + 1;
            }
            filled = static_cast<std::size_t>(text.data() + filled - line);
            std::memmove(text.data(), line, filled);
            if (filled == text.size() - 1) {
                break;
            }
        }
        if (fd >= 0) {
            libc.close(fd);
        }
    }
    bool contain(std::uintptr_t address) const noexcept {
        return std::any_of(maps_.begin(), maps_.begin() + static_cast<std::ptrdiff_t>(count_),
                           [&](const Map& map) { return map.from <= address && address < map.to; });
    }

private:
    struct Map {
        std::uintptr_t from;
        std::uintptr_t to;
    };
    void add(const char* line) noexcept {
        Map map{};
        char rights[8] = {};
        if (count_ < maps_.size() &&
            std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &map.from, &map.to, rights) == 3 && rights[2] == 'x') {
            maps_[count_++] = map;
        }
    }
    std::array<Map, 256> maps_;
    std::size_t count_ = 0;
};

}  // namespace

ThreadCall ThreadCall::of(pid_t thread) noexcept {
    ThreadCall call;
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/syscall", static_cast<int>(thread));
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return call;
    }
    char text[256];
    const ssize_t n = libc.read(fd, text, sizeof text - 1);
    libc.close(fd);
    if (n <= 0) {
        return call;
    }
    text[n] = 0;
    std::uintptr_t stack = 0;
    std::uintptr_t address = 0;
    if (std::sscanf(text, "%ld %*s %*s %*s %*s %*s %*s %" SCNxPTR " %" SCNxPTR, &call.number, &stack, &address) == 3) {
        call.state = State::waits;
        call.stack_pointer = reinterpret_cast<const void*>(stack);
        call.address = reinterpret_cast<const void*>(address);
    } else {
        call.number = -1;
        call.state = State::runs;  // or waits for a page of memory
    }
    return call;
}

std::string ThreadCall::name() const {
    for (const CallName& each : call_names) {
        if (each.number == number) {
            return each.name;
        }
    }
    return "system call " + std::to_string(number);
}

bool copy_memory(const void* from, void* to, std::size_t size) noexcept {
    const iovec local{to, size};
    const iovec remote{const_cast<void*>(from), size};
    return libc.syscall(SYS_process_vm_readv, ::getpid(), &local, 1UL, &remote, 1UL, 0UL) == static_cast<long>(size);
}

std::size_t return_addresses_on(const void* stack_pointer, std::span<void*> out) noexcept {
    constexpr std::size_t deepest = 1024;  // words
    const CodeMaps code;
    std::size_t found = 0;
    const auto* at = static_cast<const std::uintptr_t*>(stack_pointer);
    for (std::size_t i = 0; i < deepest && found < out.size(); ++i) {
        std::uintptr_t word = 0;
        if (!copy_memory(at + i, &word, sizeof word)) {
            break;  // the end of the stack
        }
        if (code.contain(word) && follows_call(reinterpret_cast<const void*>(word))) {
            out[found++] = reinterpret_cast<void*>(word);
        }
    }
    return found;
}

}  // namespace tendril::detail
