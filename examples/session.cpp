// SPDX-License-Identifier: MIT
//
// Seed 001's session manager: the server sets the request, and every function that the application calls finds it,
// without passing it along. Each connection has its own green thread, and so its own request, also while other requests
// are answered.

#include <cstdio>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/http/server.hpp>
#include <tendril/local.hpp>

using namespace tendril;

namespace {

Local<http::Request*> request;

// Sets the request while this object lives, also when the application throws or its green thread is killed.
struct SessionManager {
    explicit SessionManager(http::Request& arrived) { request = &arrived; }
    SessionManager(const SessionManager&) = delete;
    SessionManager& operator=(const SessionManager&) = delete;
    ~SessionManager() { request.reset(); }
};

std::string logic() {
    sleep();  // other requests are answered meanwhile
    return "Hello " + std::string((*request)->header("User-Agent")) + " from " + (*request)->client();
}

void application(http::Request& arrived, http::Response& response) {
    const SessionManager session(arrived);
    response.send(logic(), "text/html");
}

std::string ask(const Address& server, const std::string& who) {
    TcpSocket client = connect(server);
    client.send_all("GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " + who + "\r\nConnection: close\r\n\r\n");
    std::string answer(1000, '\0');
    answer.resize(client.recv_exactly(answer));
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

}  // namespace

int main() {
    http::Server server("127.0.0.1:0", application);
    server.start();
    auto ada = spawn(ask, server.address(), "Ada");
    auto grace = spawn(ask, server.address(), "Grace");
    std::printf("%s\n", ada.get().c_str());
    std::printf("%s\n", grace.get().c_str());
    std::printf("a request is there now: %d\n", request.has_value());
    server.stop();
    return 0;
}
