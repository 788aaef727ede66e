// SPDX-License-Identifier: MIT
//
// A program that calls daemon(3), on every backend: with a hub that has something to do already, and before any.

#include <csignal>
#include <string>

#include <tendril/hub.hpp>
#include <tendril/process.hpp>
#include <tendril/socket.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Starts the daemon. Returns: what it told its one client.
std::string told_by_daemon(const char* when) {
    Popen starts({TENDRIL_DAEMONIZED, when}, {.out = PIPE, .add_env = {{"TENDRIL_BACKEND", Hub::current().backend()}}});
    std::string port;
    for (char c = 0; starts.stdout_().recv({&c, 1}, 20s) == 1 && c != '\n';) {
        port += c;
    }
    EXPECT_EQ(starts.wait(20s), 0) << "the process that was started ends when the daemon goes on";
    std::string told(16, '\0');
    TcpSocket client = connect("127.0.0.1:" + port, 20s);
    told.resize(client.recv_exactly({told.data(), told.size()}, 20s));
    std::string last(16, '\0');
    last.resize(starts.stdout_().recv_exactly({last.data(), last.size()}, 20s));
    EXPECT_EQ(last, "ends 0\n") << "then the pipe ends, as the daemon does";
    return told;
}

TENDRIL_TEST(Daemon, GoesOnAfterReinit) {
    EXPECT_EQ(told_by_daemon("late"), "fresh");
}

TENDRIL_TEST(Daemon, NeedsNoReinitBeforeThereIsAHub) {
    EXPECT_EQ(told_by_daemon("early"), "all");
}

}  // namespace
}  // namespace tendril
