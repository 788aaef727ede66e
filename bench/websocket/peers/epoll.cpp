// SPDX-License-Identifier: MIT
//
// The floor of bench/websocket: the least that a server can do for that load, a bare epoll loop that has one answer to
// the handshake, takes each read of up to 64 KiB for one short masked frame, and sends it back.
//
//     bench_websocket_epoll      prints its port; ends when it is killed

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

// To the key of RFC 6455's example, which the load sends.
constexpr std::string_view accepted = "HTTP/1.1 101 Switching Protocols\r\n"
                                      "Upgrade: websocket\r\n"
                                      "Connection: Upgrade\r\n"
                                      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                      "\r\n";

bool send_all(int fd, const char* bytes, std::size_t size) {
    return ::send(fd, bytes, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

// Returns: false at the connection's end.
bool serve(int fd) {
    char buffer[32768];
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) {
        return n < 0 && errno == EAGAIN;
    }
    if (buffer[0] == 'G') {
        return send_all(fd, accepted.data(), accepted.size());
    }
    const auto size = static_cast<std::size_t>(n);
    if (size < 6 || (static_cast<unsigned char>(buffer[1]) & 0x7fU) != size - 6) {
        std::fputs("not one short frame\n", stderr);
        return false;
    }
    const char mask[4] = {buffer[2], buffer[3], buffer[4], buffer[5]};
    for (std::size_t i = 6; i < size; ++i) {
        buffer[i - 4] = static_cast<char>(buffer[i] ^ mask[(i - 6) % 4]);
    }
    buffer[1] = static_cast<char>(size - 6);
    return send_all(fd, buffer, size - 4);
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
