// SPDX-License-Identifier: MIT
//
// The live page: HTML, style and script in one file, which shows what the LiveFeed sends.

#pragma once

#include <tendril/http/response.hpp>

namespace demo {

void send_live_page(tendril::http::Response& response);

}  // namespace demo
