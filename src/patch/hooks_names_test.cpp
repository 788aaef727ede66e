// SPDX-License-Identifier: MIT

#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "patch/hooked_call.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril::patch {
namespace {

using AddressList = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

AddressList keep(addrinfo* list) {
    return {list, &::freeaddrinfo};
}

// Whether `f` lets another green thread run before it returns.
template <class F>
bool parks(F f) {
    bool ran = false;
    auto other = spawn([&] { ran = true; });
    f();
    const bool while_it_waited = ran;
    other.join();
    return while_it_waited;
}

TENDRIL_TEST(PatchedNames, AsksForNamesWhileOthersRun) {
    addrinfo* found = nullptr;
    int r = -1;
    EXPECT_TRUE(parks([&] { r = TENDRIL_HOOKED(getaddrinfo)("localhost", "80", nullptr, &found); }));
    ASSERT_EQ(r, 0);
    const AddressList list = keep(found);
    ASSERT_NE(list, nullptr);
    EXPECT_TRUE(list->ai_family == AF_INET || list->ai_family == AF_INET6);
}

TENDRIL_TEST(PatchedNames, ReadsNumbersAtOnce) {
    for (const char* node : {"127.0.0.1", "::1", "127.1", static_cast<const char*>(nullptr)}) {
        addrinfo* found = nullptr;
        EXPECT_FALSE(parks([&] { EXPECT_EQ(TENDRIL_HOOKED(getaddrinfo)(node, "80", nullptr, &found), 0); }));
        keep(found);
    }
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    addrinfo* found = nullptr;
    EXPECT_EQ(TENDRIL_HOOKED(getaddrinfo)("localhost", "80", &hints, &found), EAI_NONAME);
}

TENDRIL_TEST(PatchedNames, AnswersAsTheCLibrary) {
    struct Case {
        const char* node;
        const char* service;
        int flags, family, type;
    };
    for (const Case& each :
         {Case{"localhost", "http", AI_CANONNAME, AF_INET, SOCK_STREAM},
          Case{"127.0.0.1", "no-such-service", 0, AF_INET, SOCK_STREAM}, Case{"::1", "80", 0, AF_INET, SOCK_STREAM},
          Case{"", "80", 0, 0, 0}, Case{"localhost", "80", 1 << 30, 0, 0}, Case{nullptr, nullptr, 0, 0, 0},
          Case{"localhost", "99999", AI_NUMERICSERV, AF_INET, SOCK_DGRAM}}) {
        addrinfo hints{};
        hints.ai_flags = each.flags;
        hints.ai_family = each.family;
        hints.ai_socktype = each.type;
        addrinfo* plain = nullptr;
        addrinfo* green = nullptr;
        const int expected = ::getaddrinfo(each.node, each.service, &hints, &plain);
        EXPECT_EQ(TENDRIL_HOOKED(getaddrinfo)(each.node, each.service, &hints, &green), expected) << each.node;
        if (expected == 0) {
            const AddressList both[] = {keep(plain), keep(green)};
            EXPECT_EQ(std::memcmp(plain->ai_addr, green->ai_addr, plain->ai_addrlen), 0);
        }
    }
}

TENDRIL_TEST(PatchedNames, ATimeoutLeavesTheQuestionBehind) {
    addrinfo* found = nullptr;
    EXPECT_FALSE(with_timeout(0s, [&] {
        errno = 0;
        EXPECT_EQ(TENDRIL_HOOKED(getaddrinfo)("localhost", "80", nullptr, &found), EAI_SYSTEM);
        EXPECT_EQ(errno, ECANCELED);
        EXPECT_EQ(TENDRIL_HOOKED(gethostbyname)("localhost"), nullptr);
        EXPECT_EQ(errno, ECANCELED);
        EXPECT_EQ(h_errno, NETDB_INTERNAL);
        deliver();
        ADD_FAILURE() << "the Timeout was lost";
    }));
    auto killed = spawn([&] {
        int error = 0;
        int r = 0;
        do {
            r = TENDRIL_HOOKED(getaddrinfo)("localhost", "80", nullptr, &found);
            error = errno;
            if (r == 0) {
                keep(found);
            }
        } while (r == 0);
        EXPECT_EQ(r, EAI_SYSTEM);
        EXPECT_EQ(error, ECANCELED);
    });
    yield();
    killed.kill();
    tendril::testing::until_keeping_alive(0);  // the questions that were left behind
}

TENDRIL_TEST(PatchedNames, NamesAddresses) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(80);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    char host[256];
    char service[32];
    EXPECT_TRUE(parks([&] {
        EXPECT_EQ(TENDRIL_HOOKED(getnameinfo)(generic, sizeof address, host, sizeof host, service, sizeof service, 0),
                  0);
    }));
    char expected_host[256];
    char expected_service[32];
    ASSERT_EQ(::getnameinfo(generic, sizeof address, expected_host, sizeof expected_host, expected_service,
                            sizeof expected_service, 0),
              0);
    EXPECT_STREQ(host, expected_host);
    EXPECT_STREQ(service, expected_service);
    EXPECT_FALSE(parks([&] {
        EXPECT_EQ(TENDRIL_HOOKED(getnameinfo)(generic, sizeof address, host, sizeof host, nullptr, 0, NI_NUMERICHOST),
                  0);
    }));
    EXPECT_STREQ(host, "127.0.0.1");
    EXPECT_EQ(TENDRIL_HOOKED(getnameinfo)(generic, sizeof address, host, 2, nullptr, 0, 0), EAI_OVERFLOW);
}

void expect_loopback(const hostent* found) {
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->h_addrtype, AF_INET);
    ASSERT_NE(found->h_addr_list[0], nullptr);
    EXPECT_EQ(static_cast<unsigned char>(found->h_addr_list[0][0]), 127);
    EXPECT_NE(found->h_name, nullptr);
}

TENDRIL_TEST(PatchedNames, HostsOfTwoGreenThreadsAreTwo) {
    auto first = spawn([] { return TENDRIL_HOOKED(gethostbyname2)("localhost", AF_INET); });
    auto second = spawn([] { return TENDRIL_HOOKED(gethostbyname)("localhost"); });
    const hostent* const one = first.get();
    const hostent* const two = second.get();
    EXPECT_NE(one, two);
    expect_loopback(one);
    ASSERT_NE(two, nullptr);
    EXPECT_FALSE(parks([] { expect_loopback(TENDRIL_HOOKED(gethostbyname)("127.0.0.1")); }));
}

TENDRIL_TEST(PatchedNames, PutsTheAnswerIntoTheCallersBuffer) {
    std::array<char, 2048> memory;
    for (const std::size_t odd : {0U, 1U, 7U}) {
        char* const buffer = memory.data() + odd;
        const std::size_t size = memory.size() - odd;
        hostent entry{};
        hostent* result = nullptr;
        int error = 0;
        ASSERT_EQ(TENDRIL_HOOKED(gethostbyname2_r)("localhost", AF_INET, &entry, buffer, size, &result, &error), 0);
        ASSERT_EQ(result, &entry);
        expect_loopback(result);
        const auto inside = [&](const void* p) { return p >= buffer && p < buffer + size; };
        EXPECT_TRUE(inside(entry.h_name));
        EXPECT_TRUE(inside(entry.h_aliases));
        EXPECT_TRUE(inside(entry.h_addr_list));
        EXPECT_TRUE(inside(entry.h_addr_list[0]));
        in_addr loopback{htonl(INADDR_LOOPBACK)};
        ASSERT_EQ(
            TENDRIL_HOOKED(gethostbyaddr_r)(&loopback, sizeof loopback, AF_INET, &entry, buffer, size, &result, &error),
            0);
        expect_loopback(result);
    }
    hostent entry{};
    hostent* result = &entry;
    int error = 0;
    EXPECT_EQ(TENDRIL_HOOKED(gethostbyname_r)("localhost", &entry, memory.data(), 8, &result, &error), ERANGE);
    EXPECT_EQ(result, nullptr);
    EXPECT_EQ(error, NETDB_INTERNAL);
}

TENDRIL_TEST(PatchedNames, AHundredAtOnceUseFewThreads) {
    std::array<Greenlet<int>, 100> all;
    for (Greenlet<int>& each : all) {
        each = spawn([] {
            addrinfo* found = nullptr;
            const int r = TENDRIL_HOOKED(getaddrinfo)("localhost", "80", nullptr, &found);
            keep(found);
            return r;
        });
    }
    for (Greenlet<int>& each : all) {
        EXPECT_EQ(each.get(), 0);
    }
}

TEST(PatchedNames, WithoutAHubTheCallIsPlain) {
    addrinfo* found = nullptr;
    ASSERT_EQ(TENDRIL_HOOKED(getaddrinfo)("localhost", "80", nullptr, &found), 0);
    keep(found);
    expect_loopback(TENDRIL_HOOKED(gethostbyname)("localhost"));
}

}  // namespace
}  // namespace tendril::patch
