// SPDX-License-Identifier: MIT

#include <tendril/handover.hpp>

#include <stdexcept>

#include <tendril/pipe.hpp>
#include <tendril/shield.hpp>

#include "base/no_nul.hpp"
#include "base/sys.hpp"
#include "net/handover_environment.hpp"

namespace tendril {

Popen hand_over(const std::vector<HandedOver>& sockets, const std::vector<std::string>& argv, Deadline deadline) {
    PopenOptions options;
    std::string list;
    for (const HandedOver& each : sockets) {
        detail::require_no_nul(each.name, "hand_over: a socket's name");
        if (each.name.find_first_of(":=") != std::string::npos || each.listener->fd() < 0) {
            throw std::invalid_argument("hand_over: \"" + each.name + "\" is closed, or is not a name for a socket");
        }
        options.pass_fds.push_back(each.listener->fd());
        list += (list.empty() ? "" : ":") + std::to_string(each.listener->fd()) + '=' + each.name;
    }
    int ends[2];
    sys::checked(sys::pipe(ends, 0), "hand_over");
    Fd ready_end(ends[1]);
    PipeReader ready{Fd(ends[0])};
    options.pass_fds.push_back(ready_end.get());
    options.add_env = {{detail::handed_over_variable, list}, {detail::ready_variable, std::to_string(ready_end.get())}};
    Popen next(argv, options);
    ready_end.close();  // so that the pipe ends when the new program does
    try {
        char word = 0;
        if (ready.recv({&word, 1}, deadline) == 0) {
            throw std::runtime_error("hand_over: " + argv.front() + " ended, or closed its pipe, before it was ready");
        }
    } catch (...) {
        const Shield shield;
        if (!next.poll().has_value()) {
            next.kill();
        }
        next.wait();
        throw;
    }
    return next;
}

}  // namespace tendril
