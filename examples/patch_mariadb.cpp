// SPDX-License-Identifier: MIT
//
// patch::library with the C client of MariaDB and MySQL: 200 green threads, and each query waits 0.2 s in the server.
// The server's port is in the environment.

#include <mysql.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <tendril/group.hpp>
#include <tendril/patch/patch.hpp>

using namespace std::chrono_literals;

using Connection = std::unique_ptr<MYSQL, decltype(&mysql_close)>;

void query(unsigned port) {
    const Connection connection(mysql_init(nullptr), &mysql_close);
    if (mysql_real_connect(connection.get(), "127.0.0.1", "tendril", "tendril", nullptr, port, nullptr, 0) == nullptr ||
        mysql_query(connection.get(), "select sleep(0.2)") != 0) {
        throw std::runtime_error(mysql_error(connection.get()));
    }
    mysql_free_result(mysql_store_result(connection.get()));
}

int main() {
    tendril::patch::library("libmariadb");
    mysql_library_init(0, nullptr, nullptr);
    const auto port = static_cast<unsigned>(std::atoi(std::getenv("TENDRIL_TEST_MARIADB_PORT")));

    const auto begin = std::chrono::steady_clock::now();
    tendril::Group queries;
    for (int i = 0; i < 200; ++i) {
        queries.spawn(query, port);
    }
    queries.join();

    const bool together = std::chrono::steady_clock::now() - begin < 10s;
    const auto threads = std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
    std::printf("200 queries of 0.2 s on one OS thread: %s\n", together && threads == 1 ? "yes" : "no");
}
