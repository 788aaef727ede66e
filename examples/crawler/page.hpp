// SPDX-License-Identifier: MIT
//
// A page that was fetched: what the report says about it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tendril/http/client.hpp>

namespace crawler {

struct Page {
    tendril::http::Url url;
    int status = 0;  // 0: no response, and `error` says why
    std::uint64_t size = 0;
    double ms = 0;
    std::vector<tendril::http::Url> links = {};       // the pages that it links to; for a redirect, its Location
    std::optional<tendril::http::Url> location = {};  // of a redirect
    std::string error = {};
};

// Fetches a page, follows no redirect, and reads HTML only. Errors are in the page.
Page fetch(tendril::http::Client& client, const tendril::http::Url& url);

// A line of JSON, without its end.
std::string to_json(const Page& page);

}  // namespace crawler
