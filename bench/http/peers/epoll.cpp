// SPDX-License-Identifier: MIT
//
// The floor of bench/http: the least that a server can do, a bare epoll loop that parses nothing. It answers whatever
// one recv() returns with one response, made when it started, with as many bytes as tendril's. No limits, no timers.
//
//     bench_http_epoll      prints its port; ends when it is killed

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace {

// The date is never updated.
constexpr std::string_view response = "HTTP/1.1 200 OK\r\n"
                                      "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"
                                      "Content-Type: text/plain\r\n"
                                      "Content-Length: 13\r\n"
                                      "\r\n"
                                      "Hello, World!";

// Returns: false at the connection's end.
bool serve(int fd) {
    char request[4096];
    const ssize_t n = ::recv(fd, request, sizeof request, 0);
    if (n <= 0) {
        return n < 0 && errno == EAGAIN;
    }
    return ::send(fd, response.data(), response.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(response.size());
}

}  // namespace

int main() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || ::listen(listener, 1024) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
        std::perror("listen");
        return 1;
    }
    std::printf("%d\n", ntohs(at.sin_port));
    std::fflush(stdout);
    const int epoll = ::epoll_create1(0);
    epoll_event event{EPOLLIN, {.fd = listener}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    epoll_event events[256];
    for (;;) {
        const int n = ::epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; ++i) {
            if (const int fd = events[i].data.fd; fd != listener) {
                if (!serve(fd)) {
                    ::close(fd);
                }
                continue;
            }
            const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
            if (fd < 0) {
                continue;
            }
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            event = {EPOLLIN | EPOLLET, {.fd = fd}};
            ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
    }
}
