// SPDX-License-Identifier: MIT
//
// "Hello, World!" on uWebSockets, and on a WebSocket what it gets.
//
//     bench_http_uwebsockets      prints its port; ends when it is killed

#include <cstdio>
#include <string_view>

#include <App.h>

int main() {
    struct PerSocket {};
    uWS::App()
        .get("/*",
             [](auto* response, auto*) { response->writeHeader("Content-Type", "text/plain")->end("Hello, World!"); })
        .ws<PerSocket>("/*", {.compression = uWS::DISABLED,
                              .message = [](auto* socket, std::string_view message,
                                            uWS::OpCode code) { socket->send(message, code, false); }})
        .listen("127.0.0.1", 0,
                [](auto* listener) {
                    if (listener != nullptr) {
                        std::printf("%d\n", us_socket_local_port(0, reinterpret_cast<us_socket_t*>(listener)));
                        std::fflush(stdout);
                    }
                })
        .run();
    return 1;
}
