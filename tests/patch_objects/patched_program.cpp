// SPDX-License-Identifier: MIT
//
// A program that patches itself and then reads from a pipe by a call and by a function pointer, while another green
// thread writes. Built position-dependent with partial RELRO, with lazy and with immediate binding, and static.
// Status 0: both reads suspended their green thread. 3: patch::Error, printed.

#include <unistd.h>

#include <array>
#include <cstdio>

#include <tendril/greenlet.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/patch/report.hpp>

namespace {

ssize_t (*volatile pointer)(int, void*, std::size_t) = &read;

bool read_suspends(bool by_pointer) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
        return false;
    }
    bool wrote = false;
    bool right = false;
    auto reader = tendril::spawn([&] {
        char byte = 0;
        const ssize_t got = by_pointer ? pointer(ends[0], &byte, 1) : read(ends[0], &byte, 1);
        right = wrote && got == 1 && byte == 'x';
    });
    auto writer = tendril::spawn([&] {
        wrote = true;
        return write(ends[1], "x", 1);
    });
    reader.join();
    writer.join();
    close(ends[0]);
    close(ends[1]);
    return right;
}

}  // namespace

int main() {
    alarm(20);  // a read that blocks the OS thread would never end
    try {
        tendril::patch::program();
    } catch (const tendril::patch::Error& error) {
        std::puts(error.what());
        return 3;
    }
    const bool call = read_suspends(false);
    const bool by_pointer = read_suspends(true);
    std::printf("%s", to_string(tendril::patch::report()).c_str());
    return call && by_pointer ? 0 : 1;
}
