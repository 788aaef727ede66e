// SPDX-License-Identifier: MIT
//
// The pages: the live one and its figures, and two to be fetched.

#pragma once

#include <chrono>

#include <tendril/http/router.hpp>

#include "figures.hpp"
#include "live_feed.hpp"

namespace demo {

inline constexpr std::chrono::milliseconds slow_page_delay{50};

// Requires: both outlive the Router.
tendril::http::Router make_pages(Figures& figures, LiveFeed& feed);

}  // namespace demo
