// SPDX-License-Identifier: MIT
//
// What replaces the blocking server and the epoll server: written as the first, it serves as many at once as the
// second. One OS thread, and the clients are green threads of it, too. (http::Server is the real thing.)

#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include <tendril/pool.hpp>
#include <tendril/server.hpp>
#include <tendril/socket.hpp>

using namespace tendril;

constexpr char response[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";

int main() {
    std::set<std::string> paths;
    Listener listener = listen("127.0.0.1:0");
    const auto serving = spawn([&] {
        serve(listener, [&](TcpSocket& connection) {
            std::string request;
            while (request.find("\r\n\r\n") == std::string::npos) {
                char buffer[1024];
                const std::size_t n = connection.recv(buffer);
                if (n == 0) {
                    return;
                }
                request.append(buffer, n);
            }
            paths.insert(request.substr(4, request.find(' ', 4) - 4));
            connection.send_all({response, sizeof response - 1});
        });
    });

    const auto fetch = [&](const std::string& name) {
        TcpSocket connection = connect(listener.address());
        connection.send_all("GET /" + name + " HTTP/1.0\r\n\r\n");
        std::string answer(1000, '\0');
        answer.resize(connection.recv_exactly(answer));
        return answer.substr(answer.find("\r\n\r\n") + 4);
    };
    Pool clients;
    const auto answers = clients.map(fetch, std::vector<std::string>{"steve", "john", "nancy"});
    serving.kill();

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
