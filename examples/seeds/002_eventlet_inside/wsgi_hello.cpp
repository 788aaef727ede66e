// SPDX-License-Identifier: MIT
//
// wsgi.server(listen(...), app), and its log.

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/wsgi.hpp>
#include <tendril/socket.hpp>

using namespace tendril;
namespace wsgi = http::wsgi;

wsgi::Chunks hello(const wsgi::Environ& environment, const wsgi::StartResponse& start_response) {
    if (environment["PATH_INFO"] != "/") {
        start_response("404 Not Found", {{"Content-Type", "text/plain"}});
        return {"Not Found\r\n"};
    }
    start_response("200 OK", {{"Content-Type", "text/plain"}});
    return {"Hello, World!\r\n"};
}

int main() {
    std::vector<std::string> lines;
    http::ServerOptions options;
    options.access_log =
        http::AccessLog([&](std::string_view line) { lines.emplace_back(line); }, "{request_line} {status_code}");
    Listener listener = listen("127.0.0.1:0");
    const auto serving = spawn([&] { wsgi::server(listener, hello, options); });

    const std::string url = "http://" + listener.address().to_string();
    http::Client client;
    http::ClientResponse found = client.get(url + "/");
    const std::string type(found.headers().get("Content-Type")), length(found.headers().get("Content-Length"));
    std::printf("%d %s %s\n", found.status(), type.c_str(), length.c_str());
    std::printf("%s", found.text().c_str());
    http::ClientResponse missing = client.get(url + "/missing");
    std::printf("%d %s", missing.status(), missing.text().c_str());
    client.close_idle();
    serving.kill();
    for (const std::string& line : lines) {
        std::puts(line.c_str());
    }
}
