// SPDX-License-Identifier: MIT
//
// Programs as they are, and under `tendril run`: the same arguments, and what came out.

#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include <tendril/process.hpp>

namespace tendril {

using Words = std::vector<std::string>;

struct Outcome {
    int status = 0;  // as Popen::wait()
    std::string out;
    std::string err;

    bool operator==(const Outcome&) const = default;
    friend std::ostream& operator<<(std::ostream& to, const Outcome& outcome) {
        return to << outcome.status << "; stdout: " << outcome.out << "; stderr: " << outcome.err;
    }
};

inline Words operator+(Words a, const Words& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

// The program of tests/programs of that name.
inline std::string posix_program(const std::string& name) {
    return std::string(TENDRIL_POSIX_PROGRAMS) + "/posix_" + name;
}

inline Outcome outcome_of(const Words& command, const std::string& input = {}) {
    const CompletedProcess done = run(command, {.input = input, .deadline = std::chrono::seconds(60)});
    return {done.returncode, done.out, done.err};
}

// `command` may begin with options of `tendril run`.
inline Words under_run(const Words& command) {
    return Words{TENDRIL_PROGRAM, "run"} + command;
}

inline std::size_t os_threads_of(pid_t process) {
    namespace fs = std::filesystem;
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator("/proc/" + std::to_string(process) + "/task"), {}));
}

}  // namespace tendril
