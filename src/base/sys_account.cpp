// SPDX-License-Identifier: MIT

#include "base/sys_account.hpp"

#include <grp.h>
#include <pwd.h>

#include <cerrno>

namespace tendril::sys {

namespace {

constexpr std::size_t longest_entry = 16 * 1024 * 1024;  // a group may list many thousand members

// Calls get(buffer, size, result) with a larger buffer each time until it is large enough. Returns: as find_user().
template <class Entry, class Get>
int look_up(std::vector<char>& buffer, Entry*& result, Get get) {
    for (std::size_t size = 1024; size <= longest_entry; size *= 4) {
        buffer.resize(size);
        const int error = get(buffer.data(), buffer.size(), &result);
        if (error == ERANGE || error == EINTR) {
            continue;
        }
        // What some services say for a name that does not exist: see getpwnam(3).
        const bool missing = error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
        return error == 0 || missing ? (result != nullptr ? 1 : 0) : -error;
    }
    return -ERANGE;
}

}  // namespace

int find_user(const char* name, uid_t& user, gid_t& group, std::string& home, std::string& shell) {
    std::vector<char> buffer;
    passwd entry{};
    passwd* result = nullptr;
    const int r = look_up(buffer, result,
                          [&](char* p, std::size_t n, passwd** out) { return ::getpwnam_r(name, &entry, p, n, out); });
    if (r == 1) {
        user = entry.pw_uid;
        group = entry.pw_gid;
        home = entry.pw_dir;
        shell = entry.pw_shell;
    }
    return r;
}

int find_group(const char* name, gid_t& number) {
    std::vector<char> buffer;
    struct ::group entry {};
    struct ::group* result = nullptr;
    const int r = look_up(buffer, result, [&](char* p, std::size_t n, struct ::group** out) {
        return ::getgrnam_r(name, &entry, p, n, out);
    });
    if (r == 1) {
        number = entry.gr_gid;
    }
    return r;
}

int groups_of(const char* name, gid_t main_group, std::vector<gid_t>& groups) {
    constexpr std::size_t most = 65536;  // NGROUPS_MAX
    for (std::size_t room = 32; room <= most; room *= 2) {
        groups.resize(room);
        int count = static_cast<int>(room);
        if (::getgrouplist(name, main_group, groups.data(), &count) >= 0) {
            groups.resize(static_cast<std::size_t>(count));
            return 1;
        }
    }
    return -E2BIG;
}

}  // namespace tendril::sys
