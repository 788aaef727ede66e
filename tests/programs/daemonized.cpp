// SPDX-License-Identifier: MIT
//
// A daemon by daemon(3): listens and starts a green thread first, prints its port, leaves its parent, and answers one
// client after reinit(). "early" as the argument: calls daemon() before anything of tendril, and no reinit(). Ends by
// itself, with a last line.

#include <unistd.h>

#include <cstdio>
#include <string_view>

#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>
#include <tendril/socket.hpp>

using namespace tendril;
using namespace std::chrono_literals;

int main(int, char** argv) {
    const bool early = std::string_view(argv[1]) == "early";
    if (early && ::daemon(1, 1) != 0) {
        return 1;
    }
    Listener listener = listen("127.0.0.1:0");
    auto parents = spawn([] { sleep(1h); });
    yield();
    std::printf("%d\n", listener.address().port());
    std::fflush(stdout);
    if (!early) {
        if (::daemon(1, 1) != 0) {
            return 1;
        }
        reinit();
    }
    auto answers = spawn([&] {
        TcpSocket client = listener.accept(20s);
        client.send_all(parents.ready() ? "fresh" : "all");
    });
    answers.join();
    const int status = Popen({"true"}).wait(20s);
    std::printf("ends %d\n", status);
    return 0;
}
