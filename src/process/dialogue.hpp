// SPDX-License-Identifier: MIT
//
// Dialogue: the input that Popen::communicate() has still to write and the output that it has read, kept from one call
// to the next.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include <tendril/deadline.hpp>
#include <tendril/pipe.hpp>

namespace tendril::detail {

struct Dialogue {
    std::string input;
    std::size_t written = 0;  // of the input
    std::string out;
    std::string err;
    std::size_t most = SIZE_MAX;  // bytes of each output; one more is read, and is not given away
    bool running = false;
    pid_t child = 0;  // for errors

    // Writes the input and reads both outputs, all at the same time, until each pipe is at its end, and closes them.
    // Throws: OutputTooLong, TimeoutError, Interrupt, ConcurrentUse, std::system_error, std::bad_alloc; the next call
    // continues there.
    void go_on(PipeWriter& to, PipeReader& from_out, PipeReader& from_err, Deadline deadline);

    // Reads the available output, at most about as much as a pipe holds. Never waits.
    void take_rest(PipeReader& from_out, PipeReader& from_err);

private:
    void check_length() const;
    bool write_input(PipeWriter& to);
};

}  // namespace tendril::detail
