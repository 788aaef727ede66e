// SPDX-License-Identifier: MIT
//
// libpq against a PostgreSQL, which libpq's environment names.

#include <libpq-fe.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "driver_test.hpp"

namespace tendril::testing {
namespace {

struct Finish {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Finish>;

struct Libpq {
    static constexpr const char* library = "libpq";
    using Session = std::unique_ptr<PGconn, Finish>;

    static Session connect(const char* how = "") {
        Session session(PQconnectdb(how));
        if (PQstatus(session.get()) != CONNECTION_OK) {
            throw std::runtime_error(PQerrorMessage(session.get()));
        }
        return session;
    }

    static bool wait(const Session& session, int ms) {
        const std::string query = "select pg_sleep(" + std::to_string(ms) + " / 1000.0)";
        return PQresultStatus(Result(PQexec(session.get(), query.c_str())).get()) == PGRES_TUPLES_OK;
    }

    static std::string connect_to(int port) {
        // Its least limit is 2 s, rounded down to whole seconds of the clock.
        const std::string how = "host=127.0.0.1 connect_timeout=2 port=" + std::to_string(port);
        const Session session(PQconnectdb(how.c_str()));
        return PQstatus(session.get()) == CONNECTION_OK ? "" : PQerrorMessage(session.get());
    }
};

TENDRIL_DRIVER_TESTS(Libpq)

std::string only_value(const Result& result) {
    EXPECT_EQ(PQresultStatus(result.get()), PGRES_TUPLES_OK) << PQresultErrorMessage(result.get());
    return PQntuples(result.get()) == 1 ? PQgetvalue(result.get(), 0, 0) : "";
}

TEST_F(LibpqTest, large_rows_both_ways) {
    in_green_threads(20, [](int i) {
        const auto session = Libpq::connect();
        const std::string sent = letters(500'000, i);
        const char* parameters[] = {sent.c_str()};
        const Result result(
            PQexecParams(session.get(), "select $1::text", 1, nullptr, parameters, nullptr, nullptr, 0));
        EXPECT_TRUE(only_value(result) == sent) << "green thread " << i;
    });
}

TEST_F(LibpqTest, many_rows) {
    in_green_threads(20, [](int) {
        const auto session = Libpq::connect();
        const Result result(PQexec(session.get(), "select n, repeat('x', 100) from generate_series(1, 20000) n"));
        ASSERT_EQ(PQntuples(result.get()), 20000) << PQresultErrorMessage(result.get());
        EXPECT_STREQ(PQgetvalue(result.get(), 19999, 0), "20000");
    });
}

TEST_F(LibpqTest, encrypted_by_its_own_library) {
    int encrypted = 0;
    const auto took = in_green_threads(20, [&](int) {
        const auto session = Libpq::connect("sslmode=require");
        EXPECT_TRUE(Libpq::wait(session, 200));
        const Result result(PQexec(session.get(), "select version from pg_stat_ssl where pid = pg_backend_pid()"));
        encrypted += only_value(result) == "TLSv1.3" ? 1 : 0;
    });
    EXPECT_EQ(encrypted, 20);
    EXPECT_LE(took, 3s);
    EXPECT_EQ(count_os_threads(), 1U);
}

TEST_F(LibpqTest, a_notification_wakes_the_one_that_waits) {
    const auto listener = Libpq::connect();
    Result(PQexec(listener.get(), "listen news")).reset();
    const auto sender = spawn([] {
        const auto session = Libpq::connect();
        EXPECT_TRUE(Libpq::wait(session, 50));
        Result(PQexec(session.get(), "notify news, 'hello'")).reset();
    });
    const std::unique_ptr<PGnotify, decltype(&PQfreemem)> news(
        [&] {
            PGnotify* found = nullptr;
            while ((found = PQnotifies(listener.get())) == nullptr) {
                wait_readable(PQsocket(listener.get()), 5s);
                PQconsumeInput(listener.get());
            }
            return found;
        }(),
        &PQfreemem);
    EXPECT_STREQ(news->extra, "hello");
}

}  // namespace
}  // namespace tendril::testing
