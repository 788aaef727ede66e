// SPDX-License-Identifier: MIT
//
// CPU time per query of PostgreSQL, 50 connections: libpq in green threads, on OS threads, and its asynchronous
// interface with an epoll loop.

#include <libpq-fe.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "modes.hpp"

namespace {

constexpr const char* query = "select 1";

using Session = std::unique_ptr<PGconn, decltype(&PQfinish)>;

Session connect() {
    Session session(PQconnectdb(""), &PQfinish);
    if (PQstatus(session.get()) != CONNECTION_OK) {
        throw std::runtime_error(PQerrorMessage(session.get()));
    }
    return session;
}

void check(PGconn* connection, PGresult* result) {
    const bool good = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    if (!good) {
        throw std::runtime_error(PQerrorMessage(connection));
    }
}

void command(const Session& session) {
    check(session.get(), PQexec(session.get(), query));
}

void send(PGconn* connection) {
    if (PQsendQuery(connection, query) == 0 || PQflush(connection) != 0) {
        throw std::runtime_error("could not send all of it");
    }
}

double loop(int each) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    std::vector<Session> sessions;
    std::array<int, bench::connections> left;
    left.fill(each);
    for (std::uint64_t i = 0; i < bench::connections; ++i) {
        sessions.push_back(connect());
        PQsetnonblocking(sessions.back().get(), 1);
        epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, PQsocket(sessions.back().get()), &event);
    }
    const double begin = bench::cpu_us();
    for (const Session& session : sessions) {
        send(session.get());
    }
    std::array<epoll_event, bench::connections> events;
    for (int open = bench::connections; open > 0;) {
        const int n = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 10'000);
        if (n <= 0) {
            throw std::runtime_error("no answers");
        }
        for (int i = 0; i < n; ++i) {
            const std::size_t which = events[static_cast<std::size_t>(i)].data.u64;
            PGconn* connection = sessions[which].get();
            PQconsumeInput(connection);
            while (PQisBusy(connection) == 0) {
                PGresult* result = PQgetResult(connection);
                if (result != nullptr) {
                    check(connection, result);
                    continue;
                }
                if (--left[which] == 0) {
                    --open;
                } else {
                    send(connection);
                }
                break;
            }
        }
    }
    ::close(epoll);
    return (bench::cpu_us() - begin) / bench::connections / each;
}

}  // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "libpq", connect, command, loop);
}
