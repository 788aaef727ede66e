// SPDX-License-Identifier: MIT
//
// MariaDB's C client against a MariaDB, whose port and account the environment names.

#include <mysql.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "driver_test.hpp"

namespace tendril::testing {
namespace {

struct Close {
    void operator()(MYSQL* connection) const noexcept { mysql_close(connection); }
    void operator()(MYSQL_RES* result) const noexcept { mysql_free_result(result); }
};
using Result = std::unique_ptr<MYSQL_RES, Close>;

struct Mariadb {
    static constexpr const char* library = "libmariadb";
    using Session = std::unique_ptr<MYSQL, Close>;

    static bool open(const Session& session, int port) {
        return mysql_real_connect(session.get(), "127.0.0.1", std::getenv("TENDRIL_TEST_MARIADB_USER"),
                                  std::getenv("TENDRIL_TEST_MARIADB_PASSWORD"), nullptr, static_cast<unsigned>(port),
                                  nullptr, 0) != nullptr;
    }

    static Session connect(bool encrypted = false) {
        Session session(mysql_init(nullptr));
        const my_bool enforce = encrypted ? 1 : 0;
        mysql_optionsv(session.get(), MYSQL_OPT_SSL_ENFORCE, &enforce);
        if (encrypted) {  // its only authority: to read all of the system's would take 60 ms for each connection
            mysql_optionsv(session.get(), MYSQL_OPT_SSL_CA, std::getenv("TENDRIL_TEST_MARIADB_CA"));
            mysql_optionsv(session.get(), MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &enforce);
        }
        if (!open(session, port_in("TENDRIL_TEST_MARIADB_PORT"))) {
            throw std::runtime_error(mysql_error(session.get()));
        }
        return session;
    }

    static Result query(const Session& session, const std::string& text) {
        const bool done = mysql_real_query(session.get(), text.data(), text.size()) == 0;
        return Result(done ? mysql_store_result(session.get()) : nullptr);
    }

    static bool wait(const Session& session, int ms) {
        return query(session, "select sleep(" + std::to_string(ms) + " / 1000)") != nullptr;
    }

    static std::string connect_to(int port) {
        const Session session(mysql_init(nullptr));
        const unsigned seconds = 1;
        mysql_optionsv(session.get(), MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
        return open(session, port) ? "" : mysql_error(session.get());
    }
};

TENDRIL_DRIVER_TESTS(Mariadb)

std::string value(const Result& result, unsigned column) {
    if (result == nullptr) {
        return "";
    }
    const MYSQL_ROW row = mysql_fetch_row(result.get());
    return row != nullptr ? std::string(row[column], mysql_fetch_lengths(result.get())[column]) : "";
}

TEST_F(MariadbTest, large_rows_both_ways) {
    in_green_threads(20, [](int i) {
        const auto session = Mariadb::connect();
        const std::string sent = letters(500'000, i);
        EXPECT_TRUE(value(Mariadb::query(session, "select '" + sent + "'"), 0) == sent) << mysql_error(session.get());
    });
}

TEST_F(MariadbTest, encrypted_by_its_own_library) {
    int encrypted = 0;
    const auto took = in_green_threads(20, [&](int) {
        const auto session = Mariadb::connect(true);
        EXPECT_TRUE(Mariadb::wait(session, 200));
        const Result result = Mariadb::query(session, "show status like 'Ssl_version'");
        encrypted += value(result, 1) == "TLSv1.3" ? 1 : 0;
    });
    EXPECT_EQ(encrypted, 20);
    EXPECT_LE(took, 3s);
    EXPECT_EQ(count_os_threads(), 1U);
}

TEST_F(MariadbTest, read_timeout_of_its_own) {
    const Mariadb::Session session(mysql_init(nullptr));
    const unsigned seconds = 1;
    mysql_optionsv(session.get(), MYSQL_OPT_READ_TIMEOUT, &seconds);
    ASSERT_TRUE(Mariadb::open(session, port_in("TENDRIL_TEST_MARIADB_PORT")));
    const auto begin = Clock::now();
    EXPECT_FALSE(Mariadb::wait(session, 20'000));
    EXPECT_GE(Clock::now() - begin, 990ms);
    EXPECT_LE(Clock::now() - begin, 4s);
}

}  // namespace
}  // namespace tendril::testing
