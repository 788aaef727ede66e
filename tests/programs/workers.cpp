// SPDX-License-Identifier: MIT
//
// A server of worker processes: prints its port, and answers each connection with the worker's number.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include <tendril/stream_server.hpp>
#include <tendril/worker_processes.hpp>

using namespace tendril;
using namespace std::chrono_literals;

int main(int, char** argv) {
    Listener listener = listen("127.0.0.1:0");
    std::printf("%d\n", listener.address().port());
    std::fflush(stdout);
    WorkerOptions options;
    options.processes = static_cast<unsigned>(std::atoi(argv[1]));
    options.shortest_pause = 1ms;
    WorkerProcesses workers(
        [&](Event& stop) {
            StreamServer server(listener.duplicate(), [](TcpSocket& client) {
                client.send_all(std::to_string(::getpid()) + "\n");
                char c = 0;
                client.recv({&c, 1});  // until the client goes
            });
            server.start();
            stop.wait();
            server.stop(20s);
        },
        options);
    workers.run();
    std::printf("all ended\n");
    return 0;
}
