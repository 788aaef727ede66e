// SPDX-License-Identifier: MIT
//
// Servers of several processes or hubs, and a graceful restart.

#include <cerrno>
#include <csignal>
#include <set>
#include <string>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/socket.hpp>
#include <tendril/stream_server.hpp>

#include "green_test.hpp"
#include "peer.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

std::string first_line(Popen& process) {
    return BufferedReader(process.stdout_()).read_line(20s).value_or("");
}

std::string ask(const std::string& port) {
    TcpSocket socket = connect("127.0.0.1:" + port, 20s);
    return BufferedReader(socket).read_line(20s).value_or("(nothing)");
}

// That nobody listens does not show it: another test's server may have got the port meanwhile.
bool gone(const std::string& pid) {
    return ::kill(static_cast<pid_t>(std::stoi(pid)), 0) == -1 && errno == ESRCH;
}

TENDRIL_TEST(WorkerProcesses, OneThatDiesIsReplacedAndAllAreDrained) {
    Popen program({TENDRIL_WORKERS, "2"}, {.out = PIPE, .err = PIPE});
    BufferedReader out(program.stdout_());
    const std::string port = out.read_line(20s).value_or("");
    std::set<std::string> seen;
    while (seen.size() < 2) {
        seen.insert(ask(port));
    }
    const pid_t victim = static_cast<pid_t>(std::stoi(*seen.begin()));
    ::kill(victim, SIGKILL);
    BufferedReader err(program.stderr_());
    EXPECT_NE(err.read_line(20s).value_or("").find(std::to_string(victim) + " ended by signal 9"), std::string::npos);
    std::set<std::string> later;
    while (later.size() < 2) {
        later.insert(ask(port));
        later.erase(*seen.begin());
    }
    TcpSocket held = connect("127.0.0.1:" + port, 20s);  // has to be served to its end
    BufferedReader in(held);
    EXPECT_TRUE(in.read_line(20s).has_value());
    program.terminate();
    held.close();
    EXPECT_EQ(out.read_line(60s), "all ended");
    EXPECT_EQ(program.wait(20s), 0);
    for (const std::string& worker : later) {
        EXPECT_TRUE(gone(worker));
    }
}

TENDRIL_TEST(WorkerProcesses, AReloadReplacesThemAndBreaksNoConnection) {
    Popen program({TENDRIL_WORKERS, "2"}, {.out = PIPE, .err = PIPE});
    BufferedReader out(program.stdout_());
    const std::string port = out.read_line(20s).value_or("");
    std::set<std::string> before;
    while (before.size() < 2) {
        before.insert(ask(port));
    }
    TcpSocket held = connect("127.0.0.1:" + port, 20s);
    BufferedReader in(held);
    EXPECT_EQ(before.count(in.read_line(20s).value_or("")), 1u);
    program.send_signal(SIGHUP);
    std::set<std::string> after;
    while (after.size() < 2) {
        const std::string one = ask(port);
        EXPECT_NE(one, "(nothing)");
        if (before.count(one) == 0) {
            after.insert(one);
        }
    }
    held.shutdown(Shutdown::write);
    EXPECT_EQ(in.read_line(20s), std::nullopt) << "served to its end by the old worker";
    program.terminate();
    EXPECT_EQ(out.read_line(60s), "all ended");
    EXPECT_EQ(program.wait(20s), 0);
    EXPECT_EQ(BufferedReader(program.stderr_()).read_line(20s), std::nullopt) << "no worker died";
}

TENDRIL_TEST(WorkerProcesses, GoWithTheirSupervisor) {
    Popen program({TENDRIL_WORKERS, "1"}, {.out = PIPE, .err = DEVNULL});
    BufferedReader out(program.stdout_());
    const std::string port = out.read_line(20s).value_or("");
    TcpSocket socket = connect("127.0.0.1:" + port, 20s);
    BufferedReader in(socket);
    EXPECT_TRUE(in.read_line(20s).has_value());
    program.kill();
    program.wait(20s);
    socket.shutdown(Shutdown::write);
    EXPECT_EQ(out.read_line(20s), std::nullopt) << "the worker holds its output open as long as it lives";
}

// No connection is refused or reset, and a new program that fails changes nothing.
TENDRIL_TEST(HandOver, TheNextProgramGoesOnWithTheListener) {
    Popen program({TENDRIL_HANDED_OVER, "1"}, {.out = PIPE, .err = PIPE});
    const std::string port = first_line(program);
    EXPECT_EQ(ask(port).front(), '1');
    program.send_signal(SIGHUP);
    std::string answer;
    while ((answer = ask(port)).front() != '2') {
        EXPECT_EQ(answer.front(), '1');
    }
    EXPECT_EQ(program.wait(20s), 0) << "the first has ended";
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(ask(port), answer);
    }
    const auto second = static_cast<pid_t>(std::stoi(answer.substr(2)));
    ::kill(second, SIGHUP);
    EXPECT_NE(BufferedReader(program.stderr_()).read_line(20s).value_or("").find("still serving: hand_over"),
              std::string::npos);
    EXPECT_EQ(ask(port), answer);
    ::kill(second, SIGTERM);
    char c = 0;
    EXPECT_EQ(program.stdout_().recv({&c, 1}, 20s), 0u);
}

// The same with clients who never pause: each gets an answer, from either program.
TENDRIL_TEST(HandOver, ClientsThatHammerNoticeNothing) {
    Popen program({TENDRIL_HANDED_OVER, "1"}, {.out = PIPE, .err = DEVNULL});
    const std::string port = first_line(program);
    std::string next;
    int asked = 0;
    Event under_way;
    Group clients;
    for (int i = 0; i < 8; ++i) {
        clients.spawn([&] {
            // Until the first program has ended, and then some.
            for (int after = 0; after < 20; after += program.poll().has_value() ? 1 : 0) {
                const std::string answer = ask(port);
                if (++asked == 50) {
                    under_way.set();
                }
                ASSERT_TRUE(answer.front() == '1' || answer.front() == '2') << answer;
                if (answer.front() == '2') {
                    next = answer;
                }
            }
        });
    }
    EXPECT_TRUE(under_way.wait(20s));
    program.send_signal(SIGHUP);
    clients.join();
    EXPECT_EQ(program.wait(20s), 0);
    ASSERT_FALSE(next.empty());
    ::kill(static_cast<pid_t>(std::stoi(next.substr(2))), SIGTERM);
    char c = 0;
    EXPECT_EQ(program.stdout_().recv({&c, 1}, 20s), 0u);
}

// As systemd does it: descriptors from 3 on, and the variables of sd_listen_fds(3).
TENDRIL_TEST(SocketActivation, TheListenerComesFromOutside) {
    Listener listener = listen("127.0.0.1:0");
    const std::string port = std::to_string(listener.address().port());
    const std::string fd = std::to_string(listener.fd());
    Peer program({"/bin/sh", "-c",
                  "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web; exec " TENDRIL_HANDED_OVER " 7 3<&" + fd},
                 {.out = PIPE, .pass_fds = {listener.fd()}});
    EXPECT_EQ(ask(port).front(), '7');
    program->terminate();
    EXPECT_EQ(program->wait(20s), 0);
}

// curl and nc, while other connections are open; both hubs serve, and one SIGTERM drains and ends both.
TENDRIL_TEST(TwoHubs, ServeOrdinaryClients) {
    TENDRIL_NEEDS("curl");
    TENDRIL_NEEDS("nc");
    for (const std::string how : {"each", "one"}) {
        Popen program({TENDRIL_TWO_HUBS, how}, {.out = PIPE});
        BufferedReader out(program.stdout_());
        const std::string port = out.read_line(20s).value_or("");
        const std::string url = "http://127.0.0.1:" + port + "/";
        std::set<std::string> threads;
        std::vector<TcpSocket> held;
        while (threads.size() < 2) {
            ASSERT_LT(held.size(), 200u) << "one hub has it all";
            held.push_back(connect("127.0.0.1:" + port, 20s));  // so that the next goes to the other one
            threads.insert(output_of({"curl", "-sS", "--max-time", "20", url}));
        }
        EXPECT_EQ(output_of({"nc", "-N", "127.0.0.1", port}, "one\ntwo\n"), "one\ntwo\n");
        TcpSocket& last = held.back();
        program.terminate();
        last.send_all("still\n");
        EXPECT_EQ(BufferedReader(last).read_line(20s), "still") << "drained, not killed";
        held.clear();
        EXPECT_EQ(out.read_line(60s), "killed 0");
        EXPECT_EQ(program.wait(20s), 0);
    }
}

TENDRIL_TEST(ProxyPeers, CurlSaysWhoItsClientIs) {
    TENDRIL_NEEDS("curl");
    Address seen;
    StreamServer server("127.0.0.1:0",
                        [&](TcpSocket& client, const Address& peer) {
                            seen = peer;
                            BufferedReader(client).read_until("\r\n\r\n", 20s);
                            client.send_all("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi\n");
                        },
                        {.proxy_protocol = ProxyProtocol::required});
    server.start();
    EXPECT_EQ(output_of({"curl", "-sS", "--haproxy-protocol", "http://" + server.address().to_string() + "/"}), "hi\n");
    EXPECT_EQ(seen.ip(), "127.0.0.1");
    EXPECT_NE(seen.port(), 0);
}

}  // namespace
}  // namespace tendril
