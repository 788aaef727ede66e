// SPDX-License-Identifier: MIT
//
// The hooks of gethostbyname(3) and its kin: see hooks_names.cpp.
//
// Those that answer in static memory of the C library's keep the last answers of each OS thread instead, so that green
// threads which ask at the same time do not get each other's.

#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <cstddef>

namespace tendril::patch::detail {

hostent* host_by_name(const char* name) noexcept;
hostent* host_by_name2(const char* name, int family) noexcept;
hostent* host_by_address(const void* address, socklen_t length, int family) noexcept;

int host_by_name_r(const char* name, hostent* entry, char* buffer, std::size_t size, hostent** result,
                   int* host_error) noexcept;
int host_by_name2_r(const char* name, int family, hostent* entry, char* buffer, std::size_t size, hostent** result,
                    int* host_error) noexcept;
int host_by_address_r(const void* address, socklen_t length, int family, hostent* entry, char* buffer, std::size_t size,
                      hostent** result, int* host_error) noexcept;

}  // namespace tendril::patch::detail
