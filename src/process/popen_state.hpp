// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include <tendril/process.hpp>

#include "process/child_process.hpp"
#include "process/dialogue.hpp"

namespace tendril {

// The insides of a Popen, whose address does not change when the Popen is moved.
struct Popen::State {
    std::unique_ptr<detail::ChildProcess> child;
    PipeWriter in;
    PipeReader out;
    PipeReader err;
    Terminal terminal;
    std::vector<std::string> argv;
    detail::Dialogue dialogue;
    bool kill_group = false;  // the child leads a process group, and signals go to all of it

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();
};

}  // namespace tendril
