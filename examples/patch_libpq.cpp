// SPDX-License-Identifier: MIT
//
// patch::library: PostgreSQL's own C client, as it is, in 200 green threads. Each query waits 0.2 s in the server; one
// after the other they would take 40 s. The server is where libpq's environment says: PGHOST, PGPORT, PGUSER.

#include <libpq-fe.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <tendril/group.hpp>
#include <tendril/patch/patch.hpp>

using namespace std::chrono_literals;

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

void query() {
    const Connection connection(PQconnectdb(""), &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK) {
        throw std::runtime_error(PQerrorMessage(connection.get()));
    }
    const Result result(PQexec(connection.get(), "select pg_sleep(0.2)"), &PQclear);
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
        throw std::runtime_error(PQresultErrorMessage(result.get()));
    }
}

int main() {
    tendril::patch::library("libpq");

    const auto begin = std::chrono::steady_clock::now();
    tendril::Group queries;
    for (int i = 0; i < 200; ++i) {
        queries.spawn(query);
    }
    queries.join();

    const bool together = std::chrono::steady_clock::now() - begin < 10s;
    const auto threads = std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
    std::printf("200 queries of 0.2 s on one OS thread: %s\n", together && threads == 1 ? "yes" : "no");
}
