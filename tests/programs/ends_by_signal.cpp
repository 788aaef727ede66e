// SPDX-License-Identifier: MIT
//
// A server as its users write it: a signal stops it, and what the function does after that is done before main ends.
// Started by signal_end_test.cpp.

#include <csignal>
#include <cstdio>

#include <tendril/greenlet.hpp>
#include <tendril/signal.hpp>
#include <tendril/socket.hpp>
#include <tendril/stream_server.hpp>

using namespace std::chrono_literals;

int main() {
    tendril::StreamServer server("127.0.0.1:0", [](tendril::TcpSocket& client) { client.send_all("hello\n"); });
    const auto quit = tendril::on_signal(SIGTERM, [&] {
        server.stop(5s);
        std::puts("stopped");
        tendril::sleep(1ms);
        std::puts("written down");
    });
    server.start();
    std::puts("ready");
    std::fflush(stdout);
    server.serve_forever();
    return 0;
}
