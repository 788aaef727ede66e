// SPDX-License-Identifier: MIT
//
// How hand_over() tells a new program of the sockets that it inherits. Not LISTEN_FDS: that wants them to be numbered
// from 3 on, and the new process's number, which nobody knows before it is started.

#pragma once

namespace tendril::detail {

inline constexpr const char* handed_over_variable = "TENDRIL_SOCKETS";  // "5=name:7=other"
inline constexpr const char* ready_variable = "TENDRIL_READY_FD";       // a pipe's end: one byte says "I serve"

}  // namespace tendril::detail
