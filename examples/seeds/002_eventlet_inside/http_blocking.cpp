// SPDX-License-Identifier: MIT
//
// The blocking HTTP server of the tutorial, in plain POSIX calls. Alone it would serve one client after the other and
// let nothing else run. patch::program() makes its calls wait for its own green thread only; the client, on the same OS
// thread, proves it. http_epoll.cpp is the tutorial's way out, http_green.cpp is ours.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>

#include <tendril/greenlet.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/socket.hpp>

constexpr char response[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";

int checked(long result, const char* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return static_cast<int>(result);
}

int bound_socket() {
    const int server = checked(::socket(AF_INET, SOCK_STREAM, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    checked(::listen(server, 1), "listen");
    return server;
}

void serve(int server) {
    for (int served = 0; served < 3; ++served) {
        const int connection = checked(::accept(server, nullptr, nullptr), "accept");
        std::string request;
        while (request.find("\r\n\r\n") == std::string::npos) {
            char buffer[1024];
            request.append(buffer,
                           static_cast<std::size_t>(checked(::recv(connection, buffer, sizeof buffer, 0), "recv")));
        }
        std::printf("%s\n%s\n", std::string(40, '-').c_str(), request.substr(0, request.find("\r\n")).c_str());
        checked(::send(connection, response, sizeof response - 1, 0), "send");
        ::close(connection);
    }
}

std::string fetch(const tendril::Address& server, const std::string& name) {
    tendril::TcpSocket connection = tendril::connect(server);
    connection.send_all("GET /" + name + " HTTP/1.0\r\n");
    tendril::sleep(std::chrono::milliseconds(10));
    connection.send_all("\r\n");
    std::string answer(1000, '\0');
    answer.resize(connection.recv_exactly(answer));
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

int main() {
    tendril::patch::program();

    const int server = bound_socket();
    sockaddr_in bound{};
    socklen_t length = sizeof bound;
    checked(::getsockname(server, reinterpret_cast<sockaddr*>(&bound), &length), "getsockname");
    const tendril::Address address = tendril::Address::parse("127.0.0.1:" + std::to_string(ntohs(bound.sin_port)));

    const auto serving = tendril::spawn(serve, server);
    for (const char* name : {"steve", "john", "nancy"}) {
        std::puts(fetch(address, name).c_str());
    }
    serving.get();
    ::close(server);
}
