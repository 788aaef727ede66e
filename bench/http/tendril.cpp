// SPDX-License-Identifier: MIT
//
// "Hello, World!" on tendril, as its users write it.
//
//     bench_http_tendril    prints its port; ends when it is killed

#include <cstdio>

#include <tendril/http/server.hpp>
#include <tendril/socket.hpp>

namespace http = tendril::http;

int main() {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    std::printf("%d\n", listener.address().port());
    std::fflush(stdout);
    http::ServerOptions options;
    options.connections.concurrency = 20'000;
    options.idle_timeout = std::chrono::minutes(10);
    http::serve(
        listener, [](http::Request&, http::Response& response) { response.send("Hello, World!", "text/plain"); },
        options);
    return 0;
}
