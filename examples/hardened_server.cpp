// SPDX-License-Identifier: MIT
//
// The limits of a server on the open internet, and what a client that exceeds one is told. Most have such defaults;
// here they are small, so that they can be seen. docs/guide/hardening.md says which to set.

#include <chrono>
#include <cstdio>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/http/media_type.hpp>
#include <tendril/http/router.hpp>
#include <tendril/socket.hpp>

using namespace tendril;
using namespace std::chrono_literals;

namespace {

void take_json(http::Request& request, http::Response& response) {
    const auto type = http::MediaType::parse(request.header("Content-Type"));
    if (!type || !type->is("application/json")) {
        return response.send(415, "JSON, please\n", "text/plain");
    }
    response.send("got " + std::to_string(request.body().read_all().size()) + " bytes\n", "text/plain");
}

// Sends bytes as they are; returns the status line of the answer, or what came instead.
std::string ask(const Address& server, const std::string& bytes) {
    TcpSocket socket = connect(server);
    socket.send_all(bytes);
    std::string answer(1000, '\0');
    answer.resize(socket.recv_exactly(answer));  // up to the server's end
    return answer.empty() ? "closed" : answer.substr(9, answer.find("\r\n") - 9);
}

}  // namespace

int main() {
    http::Router router;
    router.add("POST", "/json", take_json);
    router.add("GET", "/users/{name}", [](http::Request& request, http::Response& response) {
        response.send(std::string(request.parameter("name")) + "\n", "text/plain");
    });
    router.add("GET", "/slow", [](http::Request&, http::Response&) { sleep(1h); });

    http::ServerOptions options;
    options.connections.concurrency = 100;
    options.connections.max_per_address = 3;
    options.header_timeout = 500ms;
    options.body_timeout = 500ms;
    options.body_deadline = 1s;
    options.handler_timeout = 2s;
    options.max_request_line = 100;
    options.max_header_bytes = 200;
    options.max_body = 20;
    options.errors.write = [](std::string_view) {};  // this program provokes them
    http::Server server("127.0.0.1:0", router, options);
    server.start();

    const auto show = [&](const char* what, const std::string& bytes) {
        std::printf("%-30s %s\n", what, ask(server.address(), bytes).c_str());
    };
    const std::string end = "Host: a\r\nConnection: close\r\n\r\n";
    const std::string json = "Content-Type: application/json\r\n";
    show("a good request", "GET /users/ada HTTP/1.1\r\n" + end);
    show("a long path", "GET /" + std::string(200, 'a') + " HTTP/1.1\r\n" + end);
    show("long headers", "GET / HTTP/1.1\r\nX: " + std::string(300, 'a') + "\r\n" + end);
    show("a head that does not end", "GET / HTTP/1.1\r\nHost: a\r\n");
    show("a large body", "POST /json HTTP/1.1\r\nContent-Length: 21\r\n" + json + end);
    show("a body that does not come", "POST /json HTTP/1.1\r\nContent-Length: 9\r\n" + json + end);
    show("two lengths", "POST /json HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" + end);
    show("another type", "POST /json HTTP/1.1\r\nContent-Length: 1\r\n" + end + "1");
    show("a slash in a parameter", "GET /users/a%2Fb HTTP/1.1\r\n" + end);
    show("a NUL in a parameter", "GET /users/a%00b HTTP/1.1\r\n" + end);
    show("a path that climbs", "GET /users/../../etc HTTP/1.1\r\n" + end);
    show("a handler that takes too long", "GET /slow HTTP/1.1\r\n" + end);

    TcpSocket first = connect(server.address()), second = connect(server.address()), third = connect(server.address());
    show("a fourth from one address", "");
    server.stop();
}
