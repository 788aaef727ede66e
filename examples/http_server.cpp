// SPDX-License-Identifier: MIT
//
// A typical server: routes with parameters, JSON, a body that is read as it arrives, a response that is sent while it
// is made, an access log, and a request that stops the server. It sends requests to itself; with an address it serves
// there instead:
//
//     example_http_server 127.0.0.1:8080
//     curl localhost:8080/users/2; curl -T README.md localhost:8080/lines; curl -X POST localhost:8080/stop

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/router.hpp>

using namespace tendril;

namespace {

void show_user(http::Request& request, http::Response& response) {
    static const std::map<std::string, std::string, std::less<>> names{{"1", "Ada"}, {"2", "Grace"}};
    const auto user = names.find(request.parameter("id"));
    if (user == names.end()) {
        return response.send(404, "no such user\n", "text/plain");
    }
    response.send(R"({"id":)" + user->first + R"(,"name":")" + user->second + "\"}\n", "application/json");
}

// Holds no more than this buffer, however long the body is.
void count_lines(http::Request& request, http::Response& response) {
    std::ptrdiff_t lines = 0;
    char buffer[4096];
    while (const std::size_t n = request.body().recv(buffer)) {
        lines += std::count(buffer, buffer + n, '\n');
    }
    response.send(std::to_string(lines) + " lines\n", "text/plain");
}

// Sends each piece as a chunk as soon as it exists, since the length of the whole is not known.
void count_down(http::Request&, http::Response& response) {
    response.set("Content-Type", "text/plain");
    for (int i = 3; i > 0; --i) {
        response.write(std::to_string(i) + " ");
        response.flush();
        sleep(std::chrono::milliseconds(1));
    }
    response.write("go\n");
}

void stop(http::Request&, http::Response& response) {
    response.send("bye\n", "text/plain");
    throw StopServe();  // requests under way are finished
}

void show(http::ClientResponse answer) {
    const char* how = answer.length() ? "whole" : "in chunks";
    std::printf("%d %s, %s: %s", answer.status(), answer.reason().c_str(), how, answer.text().c_str());
}

}  // namespace

int main(int argc, char** argv) {
    http::Router router;
    router.add("GET", "/users/{id}", show_user)
        .add("PUT", "/lines", count_lines)
        .add("GET", "/countdown", count_down)
        .add("POST", "/stop", stop);

    http::ServerOptions options;
    Listener listener = listen(argc > 1 ? argv[1] : "127.0.0.1:0");
    if (argc > 1) {
        options.access_log = http::AccessLog(http::AccessLog::standard_error);
        http::serve(listener, router, options);
        return 0;
    }

    std::string log;
    options.access_log = http::AccessLog([&log](std::string_view line) { log.append(line) += '\n'; },
                                         R"("{request_line}" {status_code}, {body_length} bytes)");
    auto server = spawn([&] { http::serve(listener, router, options); });

    const std::string url = "http://" + listener.address().to_string();
    http::Client client;
    show(client.get(url + "/users/2"));
    show(client.get(url + "/users/7"));
    show(client.request({.method = "PUT", .url = url + "/lines", .body = "one\ntwo\nthree\n"}));
    show(client.get(url + "/countdown"));
    show(client.get(url + "/nowhere"));       // the Router's own 404
    show(client.post(url + "/users/1", ""));  // and its 405
    show(client.post(url + "/stop", ""));
    server.get();
    std::printf("\n%s", log.c_str());
}
