// SPDX-License-Identifier: MIT
//
// A server in two hubs: prints its port. A GET is answered with the number of the OS thread that serves it; anything
// else is echoed. "each" as its argument: each hub listens itself, else one accepts for both. SIGTERM stops it.

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include <tendril/buffered.hpp>
#include <tendril/event.hpp>
#include <tendril/signal.hpp>
#include <tendril/stream_server.hpp>

using namespace tendril;
using namespace std::chrono_literals;

namespace {

void answer(TcpSocket& client) {
    BufferedReader in(client);
    while (const std::optional<std::string> line = in.read_line(20s)) {
        if (line->starts_with("GET ")) {
            in.read_until("\r\n\r\n", 20s);
            const std::string body = std::to_string(::gettid()) + "\n";
            client.send_all("HTTP/1.0 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
            return;
        }
        client.send_all(*line + "\n");
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bool each = argc > 1 && argv[1] == std::string_view("each");
    StreamServer server(listen("127.0.0.1:0", {.reuse_port = each}), answer, {.hubs = 2});
    server.start();
    std::printf("%d\n", server.address().port());
    std::fflush(stdout);
    Event stop;
    const Signal term = on_signal(SIGTERM, [&] { stop.set(); });
    stop.wait();
    std::printf("killed %zu\n", server.stop(20s));
    return 0;
}
