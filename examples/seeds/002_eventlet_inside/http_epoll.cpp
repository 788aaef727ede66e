// SPDX-License-Identifier: MIT
//
// The epoll HTTP server of the tutorial, with nothing of tendril in it; its clients are OS threads. Each connection is
// a row in three maps, and each line of the protocol a branch of the loop: compare http_green.cpp, which does the same.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

constexpr std::string_view response =
    "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";

int checked(long result, const char* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return static_cast<int>(result);
}

void watch(int epoll, int operation, int fd, unsigned events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    checked(::epoll_ctl(epoll, operation, fd, &event), "epoll_ctl");
}

// Returns the paths that were asked for, once `clients` clients have been served.
std::set<std::string> serve(int server, std::size_t clients) {
    const int epoll = checked(::epoll_create1(0), "epoll_create1");
    watch(epoll, EPOLL_CTL_ADD, server, EPOLLIN);
    std::map<int, std::string> requests;
    std::map<int, std::string_view> responses;
    std::set<std::string> paths;
    while (paths.size() < clients) {
        epoll_event events[16];
        const int count = checked(::epoll_wait(epoll, events, 16, -1), "epoll_wait");
        for (int i = 0; i < count; ++i) {
            const int fd = events[i].data.fd;
            if (fd == server) {
                const int connection = checked(::accept4(server, nullptr, nullptr, SOCK_NONBLOCK), "accept4");
                watch(epoll, EPOLL_CTL_ADD, connection, EPOLLIN);
                responses[connection] = response;
                requests[connection].clear();
            } else if (events[i].events & EPOLLHUP) {
                const std::string request = requests[fd];
                paths.insert(request.substr(4, request.find(' ', 4) - 4));
                requests.erase(fd);
                responses.erase(fd);
                ::close(fd);
            } else if (events[i].events & EPOLLIN) {
                char buffer[1024];
                const auto got = static_cast<std::size_t>(checked(::recv(fd, buffer, sizeof buffer, 0), "recv"));
                requests[fd].append(buffer, got);
                if (requests[fd].find("\r\n\r\n") != std::string::npos) {
                    watch(epoll, EPOLL_CTL_MOD, fd, EPOLLOUT);
                }
            } else if (events[i].events & EPOLLOUT) {
                std::string_view& left = responses[fd];
                left.remove_prefix(static_cast<std::size_t>(checked(::send(fd, left.data(), left.size(), 0), "send")));
                if (left.empty()) {
                    watch(epoll, EPOLL_CTL_MOD, fd, 0);
                    checked(::shutdown(fd, SHUT_RDWR), "shutdown");
                }
            }
        }
    }
    ::close(epoll);
    return paths;
}

std::string fetch(const sockaddr_in& server, const std::string& name) {
    const int connection = checked(::socket(AF_INET, SOCK_STREAM, 0), "socket");
    checked(::connect(connection, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");
    const std::string request = "GET /" + name + " HTTP/1.0\r\n\r\n";
    checked(::send(connection, request.data(), request.size(), 0), "send");
    std::string answer;
    char buffer[1024];
    while (const int n = checked(::recv(connection, buffer, sizeof buffer, 0), "recv")) {
        answer.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(connection);
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

int main() {
    const int server = checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    checked(::bind(server, reinterpret_cast<const sockaddr*>(&address), length), "bind");
    checked(::listen(server, 10), "listen");
    checked(::getsockname(server, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");

    std::vector<std::string> answers(3);
    std::vector<std::thread> clients;
    for (const char* name : {"steve", "john", "nancy"}) {
        clients.emplace_back([&, name, i = clients.size()] { answers[i] = fetch(address, name); });
    }
    const std::set<std::string> paths = serve(server, clients.size());
    for (std::thread& client : clients) {
        client.join();
    }
    ::close(server);

    const char* between = "";
    for (const std::string& path : paths) {
        std::printf("%s%s", between, path.c_str());
        between = " ";
    }
    std::puts("");
    for (const std::string& answer : answers) {
        std::puts(answer.c_str());
    }
}
