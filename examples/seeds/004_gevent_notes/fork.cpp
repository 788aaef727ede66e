// SPDX-License-Identifier: MIT
//
// The tutorial's pitfall, mended: what is spawned before a fork runs in the parent only.

#include <unistd.h>

#include <chrono>

#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>

using namespace std::chrono_literals;

int main() {
    const auto do_magic = tendril::spawn_after(100ms, [] {
        constexpr char word[] = "magic...\n";
        return ::write(STDOUT_FILENO, word, sizeof word - 1) == sizeof word - 1;
    });
    const pid_t pid = tendril::fork();
    if (pid == 0) {
        tendril::sleep(300ms);  // in the child's own hub, which knows nothing of the magic
        ::_exit(0);
    }
    const bool written = do_magic.get();
    return written ? tendril::wait_pid(pid) : 1;
}
