// SPDX-License-Identifier: MIT
//
// The page of InspectPages for browsers: one file, which asks for snapshot.json in the same folder.

#pragma once

#include <string>
#include <string_view>

namespace tendril::http::detail {

// The page, whose style and script alone a browser may use that knows this nonce; and the policy that says so.
std::string inspect_page(std::string_view nonce);
std::string inspect_policy(std::string_view nonce);

}  // namespace tendril::http::detail
