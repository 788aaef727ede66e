// SPDX-License-Identifier: MIT
//
// How much tendril's primitives allocate once they are warm: counted, in the program that is measured.

#pragma once

#include "measure.hpp"

namespace bench {

// Prints one JSON line with the allocations per operation, for each operation.
void count_allocations(const Identity& who);

}  // namespace bench
