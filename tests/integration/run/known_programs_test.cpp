// SPDX-License-Identifier: MIT
//
// Debian's programs with threads, unmodified, under `tendril run`.

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string>

#include <tendril/buffered.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>
#include <tendril/timeout.hpp>

#include "folder.hpp"
#include "peer.hpp"
#include "run_program.hpp"

namespace tendril {
namespace {

using namespace std::chrono_literals;

// Eight megabytes that can be compressed, but not to nothing.
std::string some_text() {
    std::string text;
    for (unsigned i = 0, number = 1; text.size() < 8U << 20; ++i) {
        number = number * 1664525 + 1013904223;
        text += std::to_string(number >> 12) + (i % 8 == 0 ? "\n" : " ");
    }
    return text;
}

TEST(RunKnownPrograms, pigz) {
    TENDRIL_NEEDS("pigz");
    const testing::TemporaryFolder folder;
    const std::string text = some_text();
    folder.write("text", text);
    const Words compress{"pigz", "-n", "-p", "8", "-c", folder.path("text")};
    const Outcome green = outcome_of(under_run(compress));
    EXPECT_EQ(green.status, 0) << green.err;
    EXPECT_TRUE(green == outcome_of(compress)) << green.out.size();
    folder.write("text.gz", green.out);
    const Outcome back = outcome_of(under_run({"pigz", "-d", "-p", "4", "-c", folder.path("text.gz")}));
    EXPECT_TRUE(back.out == text) << back.out.size() << ' ' << back.err;
}

// Connects to a server that has just been started.
TcpSocket connect_soon(const std::string& to) {
    for (int tries = 0;; ++tries) {
        try {
            return connect(to, 5s);
        } catch (const std::exception&) {
            if (tries == 400) {
                throw;
            }
        }
        sleep(25ms);
    }
}

std::string ask(BufferedReader& from, TcpSocket& server, const std::string& question) {
    server.send_all(question, 10s);
    return from.read_line(10s).value_or("the end\r");
}

TEST(RunKnownPrograms, memcached) {
    TENDRIL_NEEDS("memcached");
    const testing::TemporaryFolder folder;
    ::chmod(folder.path().c_str(), 0777);
    Peer server(under_run({"memcached", "-t", "4", "-u", "nobody", "-s", folder.path("socket"), "-a", "777"}));
    std::vector<Greenlet<void>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(spawn([&, i] {
            TcpSocket client = connect_soon("unix:" + folder.path("socket"));
            BufferedReader in(client);
            const std::string key = "key" + std::to_string(i);
            for (int round = 0; round < 50; ++round) {
                EXPECT_EQ(ask(in, client, "set " + key + " 0 0 5\r\nvalue\r\n"), "STORED\r");
                EXPECT_EQ(ask(in, client, "get " + key + "\r\n"), "VALUE " + key + " 0 5\r");
                EXPECT_EQ(in.read_line(10s), "value\r");
                EXPECT_EQ(in.read_line(10s), "END\r");
            }
        }));
    }
    for (Greenlet<void>& client : clients) {
        client.get();
    }
    EXPECT_EQ(os_threads_of(server->pid()), 1U);
    server->terminate();
    EXPECT_EQ(server->wait(10s), 0);
}

// Its allocator is jemalloc, whose locks are left alone; it saves in the child of a fork.
TEST(RunKnownPrograms, redis) {
    TENDRIL_NEEDS("redis-server");
    const testing::TemporaryFolder folder;
    Peer server(under_run({"redis-server", "--port", "0", "--unixsocket", folder.path("socket"), "--dir", folder.path(),
                           "--save", "", "--logfile", folder.path("log")}));
    TcpSocket client = connect_soon("unix:" + folder.path("socket"));
    BufferedReader in(client);
    for (int round = 0; round < 200; ++round) {
        EXPECT_EQ(ask(in, client, "SET a " + std::to_string(round) + "\r\n"), "+OK\r");
        EXPECT_EQ(ask(in, client, "STRLEN a\r\n"), ":" + std::to_string(std::to_string(round).size()) + "\r");
    }
    EXPECT_EQ(ask(in, client, "BGSAVE\r\n"), "+Background saving started\r");
    for (int tries = 0; tries < 400 && !std::filesystem::exists(folder.path("dump.rdb")); ++tries) {
        sleep(25ms);
    }
    EXPECT_TRUE(std::filesystem::exists(folder.path("dump.rdb")));
    client.send_all("SHUTDOWN NOSAVE\r\n", 10s);
    EXPECT_EQ(server->wait(10s), 0);
}

std::uint16_t free_port() {
    return listen("127.0.0.1:0").address().port();
}

TEST(RunKnownPrograms, iperf3) {
    TENDRIL_NEEDS("iperf3");
    const std::string port = std::to_string(free_port());
    Peer server(under_run({"iperf3", "-s", "-1", "--forceflush", "-B", "127.0.0.1", "-p", port}), {.out = PIPE});
    EXPECT_NE(Peer::after(server->stdout_(), "listening on"), "");
    const Outcome client = outcome_of(under_run({"iperf3", "-c", "127.0.0.1", "-p", port, "-t", "1", "-P", "4", "-J"}));
    EXPECT_EQ(client.status, 0) << client;
    EXPECT_NE(client.out.find("\"sum_received\""), std::string::npos) << client;
    EXPECT_EQ(server->wait(10s), 0);
}

TEST(RunKnownPrograms, stressThreads) {
    TENDRIL_NEEDS("stress-ng");
    const Outcome outcome = outcome_of(under_run(
        {"--children", "stress-ng", "--pthread", "4", "--timeout", "2s", "--metrics-brief", "--temp-path", "/tmp"}));
    EXPECT_EQ(outcome.status, 0) << outcome;
    EXPECT_NE((outcome.out + outcome.err).find("successful run completed"), std::string::npos) << outcome;
}

}  // namespace
}  // namespace tendril
