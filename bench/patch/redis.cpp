// SPDX-License-Identifier: MIT
//
// CPU time per Redis command, 50 connections: hiredis in green threads, on OS threads, and its asynchronous interface
// with an epoll loop.

#include <async.h>
#include <hiredis.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>

#include "modes.hpp"

namespace {

int port() {
    const char* text = std::getenv("TENDRIL_TEST_REDIS_PORT");
    return text != nullptr ? std::atoi(text) : 6379;
}

using Session = std::unique_ptr<redisContext, decltype(&redisFree)>;

Session connect() {
    Session session(redisConnect("127.0.0.1", port()), &redisFree);
    if (session == nullptr || session->err != 0) {
        throw std::runtime_error("no Redis");
    }
    return session;
}

void command(const Session& session) {
    void* reply = redisCommand(session.get(), "GET key");
    if (reply == nullptr) {
        throw std::runtime_error(session->errstr);
    }
    freeReplyObject(reply);
}

// One connection of the loop: which events epoll has been asked for, and how many replies are still to come.
struct Client {
    redisAsyncContext* context;
    int epoll;
    std::uint32_t asked = 0;
    int left = 0;

    void ask(std::uint32_t events) {
        if (events != asked) {
            epoll_event event{.events = events, .data = {.ptr = this}};
            ::epoll_ctl(epoll, asked == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, context->c.fd, &event);
            asked = events;
        }
    }
};

Client& client(void* data) {
    return *static_cast<Client*>(data);
}

void on_reply(redisAsyncContext* context, void* reply, void*) {
    if (reply != nullptr && --client(context->ev.data).left > 0) {
        redisAsyncCommand(context, &on_reply, nullptr, "GET key");
    }
}

double loop(int each) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    std::array<Client, bench::connections> clients;
    for (Client& one : clients) {
        one = {.context = redisAsyncConnect("127.0.0.1", port()), .epoll = epoll, .left = each};
        one.context->ev.data = &one;
        one.context->ev.addRead = [](void* data) { client(data).ask(client(data).asked | EPOLLIN); };
        one.context->ev.delRead = [](void* data) { client(data).ask(client(data).asked & ~EPOLLIN); };
        one.context->ev.addWrite = [](void* data) { client(data).ask(client(data).asked | EPOLLOUT); };
        one.context->ev.delWrite = [](void* data) { client(data).ask(client(data).asked & ~EPOLLOUT); };
        one.ask(EPOLLIN | EPOLLOUT);
    }
    const double begin = bench::cpu_us();
    for (Client& one : clients) {
        redisAsyncCommand(one.context, &on_reply, nullptr, "GET key");
    }
    std::array<epoll_event, bench::connections> events;
    for (bool over = false; !over;) {
        const int n = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 10'000);
        if (n <= 0) {
            throw std::runtime_error("no replies");
        }
        for (int i = 0; i < n; ++i) {
            const Client& one = client(events[static_cast<std::size_t>(i)].data.ptr);
            if ((events[static_cast<std::size_t>(i)].events & EPOLLIN) != 0) {
                redisAsyncHandleRead(one.context);
            }
            if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) {
                redisAsyncHandleWrite(one.context);
            }
        }
        over = true;
        for (const Client& one : clients) {
            over = over && one.left <= 0;
        }
    }
    return (bench::cpu_us() - begin) / bench::connections / each;
}

}  // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "libhiredis", connect, command, loop);
}
