// SPDX-License-Identifier: MIT

#include <tendril/fork.hpp>

#include <system_error>

#include "hub/here.hpp"

namespace tendril {

pid_t fork() {
    const pid_t pid = detail::here::fork();
    if (pid < 0) {
        throw std::system_error(-pid, std::generic_category(), "fork");
    }
    return pid;
}

void reinit() {
    detail::here::reinit();
}

}  // namespace tendril
