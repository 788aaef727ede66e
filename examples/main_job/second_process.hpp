// SPDX-License-Identifier: MIT
//
// Runs the clients in a process of their own, for systems where one process may not open enough descriptors for both
// ends.

#pragma once

#include <string>

#include "clients.hpp"

namespace demo {

// As run_clients(), in a second process that this one starts and waits for.
// Throws: std::runtime_error if that process fails.
void run_clients_in_second_process(const Plan& plan, const OnTally& tell);

// What the second process does: runs the clients and reports to the first one.
void run_as_second_process(const Plan& plan, const std::string& report_to);

}  // namespace demo
