// SPDX-License-Identifier: MIT
//
// Seed 002's wsgi.server(listen(...), app), with middleware around it. Three clients ask at the same time.

#include <cstdio>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/wsgi.hpp>
#include <tendril/socket.hpp>

using namespace tendril;
namespace wsgi = http::wsgi;

namespace {

wsgi::Chunks app(const wsgi::Environ& environ, wsgi::StartResponse& start_response) {
    if (environ["PATH_INFO"] == "/stop") {
        throw StopServe();
    }
    start_response("200 OK", {{"Content-Type", "text/plain"}});
    return {"Hello, ", environ["PATH_INFO"].substr(1), environ["wsgi.url_scheme"] == "http" ? "!" : " in secret!"};
}

// Adds a header to the answers of the application that it wraps.
wsgi::Application signing(wsgi::Application inner) {
    return [inner](wsgi::Environ& environ, wsgi::StartResponse& start_response) {
        wsgi::StartResponse signed_response([start_response](auto status, http::Headers headers, const auto& error) {
            headers.add("X-Signed", "yes");
            return start_response(status, headers, error);
        });
        return inner(environ, signed_response);
    };
}

std::string ask(const Address& server, const std::string& path) {
    TcpSocket client = connect(server);
    client.send_all("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    std::string answer(1000, '\0');
    answer.resize(client.recv_exactly(answer));
    const bool is_signed = answer.find("X-Signed: yes\r\n") != std::string::npos;
    return answer.substr(0, 15) + (is_signed ? ", signed: " : ": ") + answer.substr(answer.find("\r\n\r\n") + 4);
}

}  // namespace

int main() {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] { wsgi::server(listener, signing(app)); });
    std::vector<Greenlet<std::string>> clients;
    for (const char* path : {"/World", "/%54here", "/again"}) {
        clients.push_back(spawn([&, path] { return ask(listener.address(), path); }));
    }
    for (Greenlet<std::string>& client : clients) {
        std::printf("%s\n", client.get().c_str());
    }
    ask(listener.address(), "/stop");
    server.get();
}
