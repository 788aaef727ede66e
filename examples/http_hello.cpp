// SPDX-License-Identifier: MIT
//
// The smallest HTTP server, and a client that speaks to it by hand.

#include <cstdio>
#include <string>

#include <tendril/http/server.hpp>
#include <tendril/socket.hpp>

int main() {
    using namespace tendril;

    http::Server server("127.0.0.1:0", [](http::Request& request, http::Response& response) {
        response.send("Hello, " + std::string(request.path().substr(1)) + "!\n", "text/plain");
    });
    server.start();

    TcpSocket client = connect(server.address());
    client.send_all("GET /World HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    std::string answer;
    char buffer[1024];
    while (const std::size_t n = client.recv(buffer)) {
        answer.append(buffer, n);
    }
    std::printf("%.15s ... %s", answer.c_str(), answer.c_str() + answer.find("\r\n\r\n") + 4);

    server.stop();
    return 0;
}
