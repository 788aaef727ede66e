// SPDX-License-Identifier: MIT
//
// Waits that hold a whole hub up: for a mutex or a condition at an address of never_break() the OS thread may block
// instead of the green thread alone, so that no other green thread of the hub runs. Only right where another OS thread
// ends that wait.

#pragma once

#include <ctime>

#include <cstdint>

namespace tendril::patch::detail {

// How long the OS thread blocks at most before it asks again: for the case that the other one cannot go on.
constexpr std::int64_t longest_hold_ns = 1'000'000'000;
timespec end_of_hold(std::int64_t ns) noexcept;  // by CLOCK_MONOTONIC

// Asked where a green thread is about to wait at such an address. May be called once, before never_break().
using HoldsHubUp = bool (*)(const void* address) noexcept;
void hold_hub_up_if(HoldsHubUp asked) noexcept;

bool holds_hub_up(const void* address) noexcept;
bool is_never_broken(const void* address) noexcept;

// Whether a green thread of this OS thread waits for a condition at such an address, also if it is about to go on.
bool waits_in_range_here() noexcept;

}  // namespace tendril::patch::detail
