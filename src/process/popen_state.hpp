// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include <tendril/process.hpp>

#include "process/child_process.hpp"
#include "process/dialogue.hpp"

namespace tendril {

// What a Popen is, at an address that stays when it is moved.
struct Popen::State {
    std::unique_ptr<detail::ChildProcess> child;
    PipeWriter in;
    PipeReader out;
    PipeReader err;
    detail::Dialogue dialogue;
    bool kill_group = false;  // it leads a process group, which is meant by signals

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();
};

}  // namespace tendril
