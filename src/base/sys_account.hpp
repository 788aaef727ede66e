// SPDX-License-Identifier: MIT
//
// Users and groups by name. The C library may read files or ask a network: call these in a ThreadPool.

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tendril::sys {

// Return: 1: found; 0: there is no such name; -errno. Throw: std::bad_alloc.
int find_user(const char* name, uid_t& user, gid_t& group, std::string& home, std::string& shell);
int find_group(const char* name, gid_t& number);
int groups_of(const char* name, gid_t main_group, std::vector<gid_t>& groups);

}  // namespace tendril::sys
