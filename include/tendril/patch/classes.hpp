// SPDX-License-Identifier: MIT
// Floor: patch
//
// Classes: which calls of the C library a patch covers.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tendril::patch {

// What may be patched, and which calls belong to it.
enum class Class : std::uint16_t {
    io = 1,         // read, write, recv, send, connect, accept, poll, select, epoll_wait, fgets, and their like
    sleep = 2,      // nanosleep, usleep, sleep
    names = 4,      // getaddrinfo, gethostbyname, and their like
    processes = 8,  // waitpid, system, pclose, flock, fsync, fork
    sync = 16,      // mutexes, conditions, semaphores, barriers, futexes
    threads = 32,   // pthread_create, pthread_join, and all that take a pthread_t: threads are green threads
    keys = 64,      // pthread_getspecific and its like: values for each green thread
    signals = 128,  // sigaction, sigwait, and their like
};

// A set of classes.
class Classes {
public:
    constexpr Classes() noexcept = default;
    // One class; implicit on purpose.
    constexpr Classes(Class one) noexcept : bits_(static_cast<std::uint16_t>(one)) {}

    static constexpr Classes all() noexcept { return Classes(std::uint16_t{255}); }  // each of them

    // What is of no class, Class{}, is in every set.
    constexpr bool has(Class one) const noexcept {
        return (bits_ & static_cast<std::uint16_t>(one)) == static_cast<std::uint16_t>(one);
    }
    constexpr bool empty() const noexcept { return bits_ == 0; }
    constexpr bool operator==(const Classes&) const noexcept = default;

    friend constexpr Classes operator|(Classes a, Classes b) noexcept {
        return Classes(static_cast<std::uint16_t>(a.bits_ | b.bits_));
    }
    friend constexpr Classes operator&(Classes a, Classes b) noexcept {
        return Classes(static_cast<std::uint16_t>(a.bits_ & b.bits_));
    }
    friend constexpr Classes operator-(Classes a, Classes b) noexcept {
        return Classes(static_cast<std::uint16_t>(a.bits_ & ~b.bits_));
    }

private:
    constexpr explicit Classes(std::uint16_t bits) noexcept : bits_(bits) {}
    std::uint16_t bits_ = 0;
};

// A set of both.
constexpr Classes operator|(Class a, Class b) noexcept {
    return Classes(a) | Classes(b);
}

// Reads "io,sleep,names"; "all" and "none" are known too, and "" is none. Throws: patch::Error, which lists the known
// names, for an unknown one.
Classes parse_classes(std::string_view names);
// Writes them as parse_classes() reads them.
std::string to_string(Classes classes);

}  // namespace tendril::patch
