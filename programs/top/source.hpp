// SPDX-License-Identifier: MIT
//
// Source: the process that is looked at, by its number or by the URL of its InspectPages.

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include <tendril/http/client.hpp>

namespace tendril::top {

class Source {
public:
    // target: "1234", or "http://127.0.0.1:8080/tendril/". Throws: std::invalid_argument; std::runtime_error: that
    // process shows itself to nobody, or is not what it seems.
    explicit Source(const std::string& target);

    // Asks for a snapshot. Yields. Throws: std::exception, if there is none.
    std::string fetch(const std::string& query);

private:
    std::string url_;
    http::Client client_;
};

// The processes that a Source could show, of this user.
std::vector<pid_t> inspectable_processes();

}  // namespace tendril::top
