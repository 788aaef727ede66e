// SPDX-License-Identifier: MIT
// Floor: process
//
// Accounts: the numbers behind the names of users and groups, passwd(5), for PopenOptions::user and its like.
//
//     const Account www = account("www-data");
//     Popen child({"worker"}, {.user = www.user, .group = www.group, .extra_groups = www.groups});
//
// The C library looks them up, perhaps over a network (nsswitch.conf(5)). So both functions do it in a thread of
// ThreadPool::shared(), while the calling green thread waits. A lookup that has begun cannot be recalled; after a kill
// or a timeout its result is dropped.

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include <tendril/deadline.hpp>

namespace tendril {

// A user of this system.
struct Account {
    std::string name;           // its login
    uid_t user = 0;             // its number
    gid_t group = 0;            // the main one
    std::vector<gid_t> groups;  // all, the main one too: what a login gives
    std::string home;           // the path of the home directory
    std::string shell;          // the path of the program that a login starts
};

// Returns: the user of this name. Throws: std::out_of_range, which names it: there is no such user;
// std::system_error; std::invalid_argument for a name with a zero byte; TimeoutError; Interrupt.
Account account(const std::string& name, Deadline deadline = never);

// Returns: the number of the group of this name. Throws: as account().
gid_t group_number(const std::string& name, Deadline deadline = never);

}  // namespace tendril
