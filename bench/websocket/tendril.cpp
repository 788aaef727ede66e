// SPDX-License-Identifier: MIT
//
// A WebSocket server on tendril that sends back what it gets.
//
//     bench_websocket_tendril    prints its port; ends when it is killed

#include <cstdio>

#include <tendril/http/server.hpp>
#include <tendril/http/websocket.hpp>
#include <tendril/socket.hpp>

namespace http = tendril::http;

int main() {
    tendril::Listener listener = tendril::listen("127.0.0.1:0");
    std::printf("%d\n", listener.address().port());
    std::fflush(stdout);
    http::ServerOptions options;
    options.connections.concurrency = 20'000;
    http::serve(
        listener,
        [](http::Request& request, http::Response& response) {
            if (auto socket = http::websocket_accept(request, response)) {
                while (const auto message = socket->recv()) {
                    socket->send_binary(message->data);
                }
            }
        },
        options);
    return 0;
}
