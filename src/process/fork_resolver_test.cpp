// SPDX-License-Identifier: MIT
//
// The resolver in the child of a fork(): it asks for itself, even if lookups were under way in the parent.

#include <tendril/fork.hpp>

#include <unistd.h>

#include <chrono>
#include <string>

#include <tendril/dns.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/process.hpp>

#include "green_test.hpp"
#include "name_server.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(Fork, TheChildsResolverAsksByItself) {
    testing::NameServer server([](const testing::Question& q) {
        testing::Answer answer;
        answer.addresses = {"192.0.2.1"};
        answer.delay = q.name == "slow.test" ? 50ms : 0ms;
        return answer;
    });
    ResolverOptions options{.servers = {server.address()}, .search = std::vector<std::string>{}};
    Resolver resolver(options);
    auto under_way = spawn([&] { return resolver.resolve("slow.test", 1, AddressFamily::ipv4).size(); });
    sleep(5ms);
    const pid_t pid = fork();
    if (pid == 0) {
        int status = 1;
        try {
            status = resolver.resolve("child.test", 7, AddressFamily::ipv4, 20s).front().port();
        } catch (...) {
        }
        ::_exit(status);
    }
    EXPECT_EQ(wait_pid(pid, 60s), 7);
    EXPECT_EQ(under_way.get(), 1u) << "the parent's goes on";
}

// Neither the slots that the parent's lookups hold nor the waiters for them keep the child waiting.
TENDRIL_TEST(Fork, TheChildsResolverIsNotFull) {
    testing::NameServer server([](const testing::Question& q) {
        testing::Answer answer;
        answer.addresses = {"192.0.2.1"};
        answer.silent = q.name == "silent.test";
        return answer;
    });
    ResolverOptions options{.servers = {server.address()}, .search = std::vector<std::string>{}};
    options.try_timeout = 60s;
    Resolver resolver(options);
    Group lookups;
    for (int i = 0; i < 100; ++i) {  // more than may be under way at once
        lookups.spawn([&] { resolver.resolve("silent.test", 1, AddressFamily::ipv4); });
    }
    yield();
    const pid_t pid = fork();
    if (pid == 0) {
        int status = 1;
        try {
            for (int i = 0; i < 100; ++i) {
                status = resolver.resolve("child.test", 7, AddressFamily::ipv4, 20s).front().port();
            }
        } catch (...) {
        }
        ::_exit(status);
    }
    EXPECT_EQ(wait_pid(pid, 60s), 7);
    lookups.kill();
}

}  // namespace
}  // namespace tendril
