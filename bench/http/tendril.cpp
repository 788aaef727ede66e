// SPDX-License-Identifier: MIT
//
// "Hello, World!" on tendril, as its users write it.
//
//     bench_http_tendril [--hibernate | CERTIFICATE KEY]    prints its port; ends when it is killed

#include <cstdio>
#include <string_view>
#include <utility>

#include <tendril/http/server.hpp>
#include <tendril/socket.hpp>
#include <tendril/tls.hpp>

namespace http = tendril::http;

int main(int argc, char** argv) {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    std::printf("%d\n", listener.address().port());
    std::fflush(stdout);
    http::ServerOptions options;
    options.connections.concurrency = 20'000;
    options.idle_timeout = std::chrono::minutes(10);
    if (argc == 2 && std::string_view(argv[1]) == "--hibernate") {
        options.idle_hibernate = std::chrono::seconds(1);
    }
    const auto hello = [](http::Request&, http::Response& response) { response.send("Hello, World!", "text/plain"); };
    if (argc > 2) {
        tendril::TlsOptions tls;
        tls.server_side = true;
        tls.certificate = argv[1];
        tls.key = argv[2];
        http::serve(wrap_ssl(std::move(listener), tls), hello, options);
    } else {
        http::serve(listener, hello, options);
    }
    return 0;
}
