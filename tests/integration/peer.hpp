// SPDX-License-Identifier: MIT
//
// Other people's programs, for tests that talk with them.

#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/process.hpp>

namespace tendril {

// Is there such a program in the PATH, or at this path?
inline bool have(const std::string& program) {
    return run(shell("command -v " + program)).returncode == 0;
}

#define TENDRIL_NEEDS(program)                                \
    if (!::tendril::have(program)) {                          \
        GTEST_SKIP() << program << " is not on this machine"; \
    }

inline std::string output_of(const std::vector<std::string>& argv, const std::string& input = "\n") {
    const CompletedProcess done = run(argv, {.input = input, .deadline = std::chrono::seconds(60)});
    return done.out + done.err;
}

// A peer that goes on until it is destroyed.
class Peer {
public:
    Peer(const std::vector<std::string>& argv, PopenOptions options = {}) : process_(argv, options) {}
    Peer(Peer&&) = default;
    ~Peer() {
        if (!process_.poll().has_value()) {
            process_.kill();
            process_.wait();
        }
    }
    Popen& operator*() noexcept { return process_; }
    Popen* operator->() noexcept { return &process_; }

    // What follows `word` in the first line, of its stderr or stdout, that has it.
    static std::string after(PipeReader& from, const std::string& word) {
        BufferedReader in(from);
        while (const std::optional<std::string> line = in.read_line(std::chrono::seconds(20))) {
            if (const std::size_t at = line->find(word); at != std::string::npos) {
                return line->substr(at + word.size());
            }
        }
        ADD_FAILURE() << "it never said \"" << word << '"';
        return "";
    }

private:
    Popen process_;
};

}  // namespace tendril
