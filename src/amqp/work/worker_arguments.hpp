// SPDX-License-Identifier: MIT
//
// The command line of worker_main(), with the environment beneath it. Pure.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/amqp/worker.hpp>

namespace tendril::amqp::detail {

struct WorkerArguments {
    enum class What : std::uint8_t { run, list, check, help };

    What what = What::run;
    std::string url = "amqp://localhost";
    std::string queue;
    unsigned processes = 1;  // 0: one for each processor
    unsigned hubs = 1;       // the same, in each process
    WorkerOptions options;
};

// variable: the value of an environment variable, or nothing.
// Throws: std::invalid_argument, whose text is for the user, and does not quote a URL.
WorkerArguments parse_worker_arguments(const std::vector<std::string_view>& arguments,
                                       const std::function<std::optional<std::string>(const char*)>& variable);

std::string worker_help(std::string_view program);

}  // namespace tendril::amqp::detail
