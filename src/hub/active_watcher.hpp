// SPDX-License-Identifier: MIT
//
// ActiveWatcher: an active watcher, in its hub's list; see watcher_state.hpp.

#pragma once

#include "hub/described.hpp"

namespace tendril::detail {

class ActiveWatcher : public Described {
public:
    virtual void hub_ended() noexcept = 0;
    virtual void forked() noexcept = 0;  // in the child

protected:
    ~ActiveWatcher() = default;
};

}  // namespace tendril::detail
