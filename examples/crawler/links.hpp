// SPDX-License-Identifier: MIT
//
// The links of an HTML page.

#pragma once

#include <string_view>
#include <vector>

#include <tendril/http/url.hpp>

namespace crawler {

// Where its <a> and <area> lead, each once, in their order, without fragments; those that no HTTP client can follow are
// left out. A <base> counts, comments and scripts do not.
std::vector<tendril::http::Url> links_of(std::string_view html, const tendril::http::Url& page);

}  // namespace crawler
