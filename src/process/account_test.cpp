// SPDX-License-Identifier: MIT

#include <tendril/account.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(AccountThreads, FindsUsersAndGroups) {
    const Account root = account("root");
    EXPECT_EQ(root.name, "root");
    EXPECT_EQ(root.user, 0u);
    EXPECT_EQ(root.group, 0u);
    EXPECT_NE(std::find(root.groups.begin(), root.groups.end(), 0u), root.groups.end());
    EXPECT_EQ(root.home.front(), '/');
    EXPECT_EQ(group_number("root"), 0u);
}

TENDRIL_TEST(AccountThreads, SaysWhoDoesNotExist) {
    try {
        account("nobody-of-this-name");
        ADD_FAILURE();
    } catch (const std::out_of_range& e) {
        EXPECT_STREQ(e.what(), "there is no user 'nobody-of-this-name' on this system");
    }
    EXPECT_THROW(group_number("no-such-group"), std::out_of_range);
    EXPECT_THROW(account(std::string("a\0b", 3)), std::invalid_argument);
}

TENDRIL_TEST(AccountThreads, AKillLeavesNothing) {
    auto asks = spawn([] { account("root"); });
    yield();
    asks.kill();
    EXPECT_EQ(account("root").user, 0u);
    while (Hub::current().stats().keeping_alive != 0) {  // the job whose result is dropped
        sleep(100us);
    }
}

}  // namespace
}  // namespace tendril
