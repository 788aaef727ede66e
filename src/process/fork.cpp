// SPDX-License-Identifier: MIT

#include <tendril/fork.hpp>

#include <system_error>

#include "hub/hub_core.hpp"

namespace tendril {

pid_t fork() {
    const pid_t pid = detail::HubCore::here().fork();
    if (pid < 0) {
        throw std::system_error(-pid, std::generic_category(), "fork");
    }
    return pid;
}

}  // namespace tendril
