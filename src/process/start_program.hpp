// SPDX-License-Identifier: MIT
//
// Starts programs by posix_spawn(3), which copies none of our memory and runs none of our code in the child; or, for
// options that it does not know, by a fork of our own (base/sys_child.hpp).

#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include <tendril/process.hpp>

namespace tendril::detail {

// The child's standard streams: a descriptor of ours, or one of these.
namespace lead {
inline constexpr int as_ours = -1;
inline constexpr int to_null = -2;
inline constexpr int as_out = -3;
}  // namespace lead
using Streams = std::array<int, 3>;

// Throws: std::invalid_argument for arguments or options that can never work.
void check_start(const std::vector<std::string>& argv, const PopenOptions& options);

// Requires: check_start() has not thrown, and no descriptor in `streams` is below 3 unless it is in its own place.
// terminal: the slave that becomes the child's controlling terminal; -1: none.
// Returns: the pid. Throws: std::system_error that names the program or the cwd; std::bad_alloc; then nothing runs.
pid_t start_program(const std::vector<std::string>& argv, const PopenOptions& options, const Streams& streams,
                    int terminal = -1);

// The parts of start_program().

// The array that exec takes: pointers into strings that outlive this.
class Pointers {
public:
    explicit Pointers(const std::vector<std::string>& strings) {
        for (const std::string& each : strings) {
            all_.push_back(const_cast<char*>(each.c_str()));
        }
        all_.push_back(nullptr);
    }
    char* const* get() const noexcept { return all_.data(); }

private:
    std::vector<char*> all_;
};

// What both ways start: the files that may be meant, in order, and the program's arguments and environment.
struct Program {
    const std::string& name;  // for errors
    const std::vector<std::string>& argv;
    std::vector<std::string> files;
    std::vector<std::string> env;
};

bool needs_own_fork(const PopenOptions& options) noexcept;
pid_t start_by_own_fork(const Program& program, const PopenOptions& options, const Streams& streams, int terminal);

[[noreturn]] void fail_start(int error, const std::string& program, const std::string& cwd);

}  // namespace tendril::detail
