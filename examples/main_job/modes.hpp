// SPDX-License-Identifier: MIT
//
// The two things that tendril-demo does. Both return the status to exit with.

#pragma once

#include "options.hpp"

namespace demo {

// Serves and fetches, shows the figures. Returns: 1 if a request failed.
int hold_and_fetch(const Options& options);

// Serves until SIGINT or SIGTERM, then drains.
int serve_until_signal(const Options& options);

}  // namespace demo
