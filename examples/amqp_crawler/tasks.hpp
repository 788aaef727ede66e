// SPDX-License-Identifier: MIT
//
// What the crawler's workers can do, for those who ask and those who work.

#pragma once

#include <string>
#include <vector>

#include <tendril/amqp/msgpack.hpp>
#include <tendril/amqp/task.hpp>

struct Page {
    std::string url;
    int status = 0;
    std::vector<std::string> links;
    MSGPACK_DEFINE_MAP(url, status, links)
};

// Pages are lists of links, one in each line.
Page fetch(const std::string& url);

inline constexpr tendril::amqp::Task fetch_page("fetch_page", fetch, {.retries = 2});
