// SPDX-License-Identifier: MIT

#include <tendril/account.hpp>

#include <stdexcept>
#include <system_error>

#include <tendril/thread_pool.hpp>

#include "base/no_nul.hpp"
#include "base/sys_account.hpp"

namespace tendril {

namespace {

// Throws for what a lookup returned: 1 is success.
void check(int found, const char* what, const std::string& name) {
    if (found < 0) {
        throw std::system_error(-found, std::generic_category(),
                                "looking up the " + std::string(what) + " '" + name + "'");
    }
    if (found == 0) {
        throw std::out_of_range("there is no " + std::string(what) + " '" + name + "' on this system");
    }
}

}  // namespace

Account account(const std::string& name, Deadline deadline) {
    detail::require_no_nul(name, "account: a user's name");
    struct Found {
        int result;
        Account account;
    };
    Found found = offload(deadline, [name] {
        Account made;
        const int r = sys::find_user(name.c_str(), made.user, made.group, made.home, made.shell);
        const int all = r == 1 ? sys::groups_of(name.c_str(), made.group, made.groups) : r;
        made.name = name;
        return Found{all, std::move(made)};
    });
    check(found.result, "user", name);
    return std::move(found.account);
}

gid_t group_number(const std::string& name, Deadline deadline) {
    detail::require_no_nul(name, "group_number: a group's name");
    struct Found {
        int result;
        gid_t group;
    };
    const Found found = offload(deadline, [name] {
        gid_t group = 0;
        const int r = sys::find_group(name.c_str(), group);
        return Found{r, group};
    });
    check(found.result, "group", name);
    return found.group;
}

}  // namespace tendril
