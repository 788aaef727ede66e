// SPDX-License-Identifier: MIT
//
// hiredis against a Redis, whose port the environment names.

#include <hiredis.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "driver_test.hpp"

namespace tendril::testing {
namespace {

struct Free {
    void operator()(redisContext* connection) const noexcept { redisFree(connection); }
    void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, Free>;

struct Hiredis {
    static constexpr const char* library = "libhiredis";
    using Session = std::unique_ptr<redisContext, Free>;

    static Session connect() {
        Session session(redisConnect("127.0.0.1", port_in("TENDRIL_TEST_REDIS_PORT")));
        if (session == nullptr || session->err != 0) {
            throw std::runtime_error(session != nullptr ? session->errstr : "no memory");
        }
        return session;
    }

    template <class... Arguments>
    static Reply command(const Session& session, const char* format, Arguments... arguments) {
        return Reply(static_cast<redisReply*>(redisCommand(session.get(), format, arguments...)));
    }

    static bool wait(const Session& session, int ms) {
        const std::string seconds = std::to_string(ms / 1000.0);
        const Reply reply = command(session, "BLPOP nothing %s", seconds.c_str());
        return reply != nullptr && reply->type == REDIS_REPLY_NIL;
    }

    static std::string connect_to(int port) {
        const timeval limit{.tv_sec = 1, .tv_usec = 0};
        const Session session(redisConnectWithTimeout("127.0.0.1", port, limit));
        if (session->err == 0) {
            redisSetTimeout(session.get(), limit);
            command(session, "PING");
        }
        return session->errstr;
    }
};

TENDRIL_DRIVER_TESTS(Hiredis)

TEST_F(HiredisTest, large_values_both_ways) {
    in_green_threads(20, [](int i) {
        const auto session = Hiredis::connect();
        const std::string sent = letters(500'000, i);
        ASSERT_NE(Hiredis::command(session, "SET large:%d %b", i, sent.data(), sent.size()), nullptr);
        const Reply reply = Hiredis::command(session, "GET large:%d", i);
        ASSERT_NE(reply, nullptr) << session->errstr;
        EXPECT_TRUE(std::string(reply->str, reply->len) == sent) << "green thread " << i;
    });
}

TEST_F(HiredisTest, receive_timeout_of_the_socket) {
    const auto took = in_green_threads(20, [](int) {
        const auto session = Hiredis::connect();
        redisSetTimeout(session.get(), {.tv_sec = 0, .tv_usec = 100'000});
        EXPECT_FALSE(Hiredis::wait(session, 20'000));
        EXPECT_EQ(session->err, REDIS_ERR_IO);
    });
    EXPECT_GE(took, 99ms);
    EXPECT_LE(took, 2s);
}

TEST_F(HiredisTest, many_commands_each) {
    in_green_threads(50, [](int i) {
        const auto session = Hiredis::connect();
        for (int n = 1; n <= 200; ++n) {
            const Reply reply = Hiredis::command(session, "INCR count:%d", i);
            ASSERT_NE(reply, nullptr) << session->errstr;
            ASSERT_EQ(reply->integer, n);
        }
    });
    EXPECT_EQ(count_os_threads(), 1U);
}

TEST_F(HiredisTest, one_hands_over_to_another_through_the_server) {
    const auto receiver = spawn([] {
        const auto session = Hiredis::connect();
        const Reply reply = Hiredis::command(session, "BLPOP mail 10");
        return reply != nullptr && reply->elements == 2 ? std::string(reply->element[1]->str) : "";
    });
    sleep(20ms);
    const auto session = Hiredis::connect();
    EXPECT_NE(Hiredis::command(session, "RPUSH mail letter"), nullptr);
    EXPECT_EQ(receiver.get(), "letter");
}

}  // namespace
}  // namespace tendril::testing
