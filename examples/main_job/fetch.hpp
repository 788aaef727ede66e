// SPDX-License-Identifier: MIT
//
// One request and its answer, on a connection that stays open.

#pragma once

#include <chrono>
#include <string_view>

#include <tendril/socket.hpp>

namespace demo {

inline constexpr std::chrono::seconds patience{30};  // of a client

// Throws: std::system_error; std::runtime_error for an answer that is not the page.
void fetch_page(tendril::TcpSocket& server, std::string_view path);

}  // namespace demo
