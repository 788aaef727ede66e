// SPDX-License-Identifier: MIT
//
// The links of an HTML page.

#pragma once

#include <string_view>
#include <vector>

#include <tendril/http/url.hpp>

namespace crawler {

// The targets of its <a> and <area>, each once, in their order, without fragments. Leaves out those that no HTTP client
// can follow. Respects a <base>; ignores comments and scripts.
std::vector<tendril::http::Url> links_of(std::string_view html, const tendril::http::Url& page);

}  // namespace crawler
