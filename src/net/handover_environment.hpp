// SPDX-License-Identifier: MIT
//
// The environment variables by which hand_over() passes sockets to a new program. LISTEN_FDS would not do: it requires
// numbers from 3 on, and the new process's id, which is not known before it is started.

#pragma once

namespace tendril::detail {

inline constexpr const char* handed_over_variable = "TENDRIL_SOCKETS";  // "5=name:7=other"
inline constexpr const char* ready_variable = "TENDRIL_READY_FD";       // a pipe's end; one byte means "I serve"

}  // namespace tendril::detail
