// SPDX-License-Identifier: MIT
// Floor: hub
//
// CpuProfile: while it lives, counts the processor time and the switches of each green thread of this OS thread's hub
// (eventlet's green.profile). A program without one pays nothing; with one, each switch costs a system call more.
//
//     CpuProfile profile;
//     run_for(10s);
//     for (const CpuUse& each : profile.places()) {
//         std::printf("%s:%d  %.3f s\n", each.where.file, each.where.line, seconds(each.cpu));
//     }
//
// What a raw context uses counts for its green thread. A hub without ready green threads asks for events on the stack
// of the one that waits last; that counts for it too. Functions within a green thread are for perf(1).

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tendril/site.hpp>

namespace tendril {

// What one green thread, or all those of one place, used.
struct CpuUse {
    std::uint64_t greenlet = 0;      // id; 0 in places()
    std::string name;                // its name; empty in places()
    Site where;                      // where it, or they, were spawned
    std::chrono::nanoseconds cpu{};  // of the OS thread's CPU time, while they ran
    std::uint64_t switches = 0;      // away from it
    std::uint64_t greenlets = 1;     // how many there are in this sum
};

class CpuProfile {
public:
    // Begins. A switch observer that was set before is still called; one set later takes this one's place.
    // Throws: std::logic_error if this OS thread already has one; as Hub::current().
    CpuProfile();
    CpuProfile(const CpuProfile&) = delete;
    CpuProfile& operator=(const CpuProfile&) = delete;
    ~CpuProfile();  // Must run on the OS thread that made it.

    // What the green threads that live have used so far, since this began; the most expensive first. Those that have
    // not run meanwhile are missing. Throws: std::bad_alloc.
    std::vector<CpuUse> greenlets() const;

    // The same for all, also those that have ended, together where they were spawned at the same place: so its size
    // does not grow with their number.
    std::vector<CpuUse> places() const;

    void restart() noexcept;  // from zero

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tendril
