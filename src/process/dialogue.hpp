// SPDX-License-Identifier: MIT
//
// Dialogue: what Popen::communicate() has to say and what it heard, kept from one call to the next.

#pragma once

#include <sys/types.h>

#include <string>

#include <tendril/deadline.hpp>
#include <tendril/pipe.hpp>

namespace tendril::detail {

struct Dialogue {
    std::string input;
    std::size_t written = 0;  // of the input
    std::string out;
    std::string err;
    bool running = false;
    pid_t child = 0;  // for errors

    // Writes and drains, all at the same time, until each pipe has come to its end; they are closed then.
    // Throws: TimeoutError, Interrupt, ConcurrentUse, std::system_error, std::bad_alloc; it goes on from there.
    void go_on(PipeWriter& to, PipeReader& from_out, PipeReader& from_err, Deadline deadline);

    // Reads what is there, at most about what a pipe holds; never waits.
    void take_rest(PipeReader& from_out, PipeReader& from_err);

private:
    bool write_input(PipeWriter& to);
};

}  // namespace tendril::detail
