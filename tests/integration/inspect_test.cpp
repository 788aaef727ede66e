// SPDX-License-Identifier: MIT
//
// A process seen from outside: at its inspection socket, and by its trace. What comes back is read by Python's json.

#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/process.hpp>
#include <tendril/socket.hpp>

#include "folder.hpp"
#include "peer.hpp"

namespace {

using namespace tendril;
using namespace std::chrono_literals;
using tendril::testing::TemporaryFolder;

PopenOptions with_environment(const Environment& more) {
    PopenOptions options;
    options.in = PIPE;
    options.out = PIPE;
    options.add_env.insert(more.begin(), more.end());
    return options;
}

// The program, which does what it is told.
class Inspected {
public:
    explicit Inspected(const Environment& environment)
        : peer_({TENDRIL_INSPECTED}, with_environment(environment)), lines_(peer_->stdout_()) {
        at_ = next_line().substr(3);
    }

    pid_t pid() { return peer_->pid(); }
    const std::string& at() const { return at_; }
    std::string next_line() { return lines_.read_line(20s).value_or("nothing"); }
    std::string tell(const std::string& command) {
        peer_->stdin_().send_all(command + "\n");
        return next_line();
    }
    int end() {
        peer_->stdin_().send_all("end\n");
        return peer_->wait(20s);
    }

private:
    Peer peer_;
    BufferedReader lines_;
    std::string at_;
};

TcpSocket connect_to(pid_t pid) {
    return connect("unix:@tendril/" + std::to_string(::geteuid()) + "/" + std::to_string(pid));
}

// The whole answer, with its head.
std::string ask(pid_t pid, const std::string& request) {
    TcpSocket socket = connect_to(pid);
    socket.send_all(request);
    std::string all;
    char piece[4096];
    while (const std::size_t n = socket.recv(piece, 20s)) {
        all.append(piece, n);
    }
    return all;
}

std::string get(pid_t pid, const std::string& target) {
    const std::string all = ask(pid, "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(all.starts_with("HTTP/1.0 200 OK\r\n")) << all.substr(0, 200);
    const std::size_t end = all.find("\r\n\r\n");
    return end == std::string::npos ? "" : all.substr(end + 4);
}

// What this expression of Python's comes to, where `a` is the JSON.
std::string in_python(const std::string& json, const std::string& expression) {
    return run({"python3", "-c", "import json,sys\na=json.load(sys.stdin)\nprint(" + expression + ",end='')"},
               {.input = json, .deadline = 60s})
        .out;
}

TEST(Inspect, AProcessShowsItselfAtItsSocket) {
    Inspected program(Environment{{"TENDRIL_INSPECT", "1"}});
    const std::string all = get(program.pid(), "/snapshot.json?order=name");
    EXPECT_EQ(in_python(all, "a['process']['pid']"), std::to_string(program.pid()));
    EXPECT_EQ(in_python(all, "[g['waits_in'] for g in a['greenlets'] if g['name']=='a worker'][0]"), "Queue::get");
    EXPECT_EQ(in_python(all, "[g['waits_in'] for g in a['greenlets'] if g['name']=='a sleeper'][0]"), "sleep");
    EXPECT_EQ(in_python(all, "a['hubs'][0]['answered']"), "True");
    EXPECT_EQ(in_python(all, "[m['labels']['server'] for m in a['metrics']][0]"), program.at());

    const std::string id = in_python(all, "[g['id'] for g in a['greenlets'] if g['name']=='a worker'][0]");
    const std::string one = get(program.pid(), "/snapshot.json?greenlet=" + id);
    EXPECT_NE(in_python(one, "a['greenlets'][0]['backtrace']").find("main"), std::string::npos) << one;
    EXPECT_NE(get(program.pid(), "/metrics").find("\ntendril_waiting{call=\"Queue::get\",hub=\"1\"} 1\n"),
              std::string::npos);
    EXPECT_TRUE(ask(program.pid(), "GET /other HTTP/1.1\r\n\r\n").starts_with("HTTP/1.0 404 "));
    EXPECT_TRUE(ask(program.pid(), "POST / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.0 404 "));
    EXPECT_TRUE(ask(program.pid(), "GET /snapshot.json?most=x HTTP/1.1\r\n\r\n").starts_with("HTTP/1.0 400 "));
    EXPECT_EQ(program.end(), 0);
}

TEST(Inspect, ItAnswersWhileItsHubIsBlocked) {
    Inspected program(Environment{{"TENDRIL_INSPECT", "1"}});
    EXPECT_EQ(program.tell("block"), "blocked");
    EXPECT_EQ(in_python(get(program.pid(), "/snapshot.json"), "[h['answered'] for h in a['hubs']]"), "[False]");
    EXPECT_NE(get(program.pid(), "/metrics").find("tendril_hub_answered{hub=\"1\"} 0\n"), std::string::npos);
    EXPECT_EQ(program.tell("on"), "free");
    EXPECT_EQ(in_python(get(program.pid(), "/snapshot.json"), "[h['answered'] for h in a['hubs']]"), "[True]");
    EXPECT_EQ(program.end(), 0);
}

TEST(Inspect, ASilentClientDoesNotKeepTheProcess) {
    Inspected program(Environment{{"TENDRIL_INSPECT", "1"}});
    const TcpSocket silent = connect_to(program.pid());
    EXPECT_EQ(program.end(), 0);
}

TEST(Inspect, ItIsClosedUnlessAskedFor) {
    Inspected program(Environment{{"TENDRIL_INSPECT", "0"}});
    EXPECT_THROW(connect_to(program.pid()), std::system_error);
    EXPECT_EQ(program.end(), 0);
}

TEST(Inspect, TheChildOfAForkHasItsOwn) {
    Inspected program(Environment{{"TENDRIL_INSPECT", "1"}});
    const std::string line = program.tell("fork");
    ASSERT_TRUE(line.starts_with("child ")) << line;
    const pid_t child = std::stoi(line.substr(6));
    EXPECT_EQ(in_python(get(child, "/snapshot.json"), "a['process']['pid']"), std::to_string(child));
    EXPECT_EQ(in_python(get(program.pid(), "/snapshot.json"), "a['process']['pid']"), std::to_string(program.pid()));
    EXPECT_EQ(program.tell("on"), "child gone");
    EXPECT_THROW(connect_to(child), std::system_error);
    EXPECT_EQ(program.end(), 0);
}

std::string content_of(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

const std::string tracks = "{e['args']['name'].split(' #')[0] for e in a['traceEvents'] if e['name']=='thread_name'}";

TEST(Inspect, AProcessWritesItsTraceAtItsEnd) {
    const TemporaryFolder folder;
    Inspected program(Environment{{"TENDRIL_TRACE", folder.path("trace-%p.json")}, {"TENDRIL_INSPECT", "1"}});
    EXPECT_EQ(in_python(get(program.pid(), "/trace.json"), "'a sleeper' in " + tracks), "True");
    const std::string file = folder.path("trace-" + std::to_string(program.pid()) + ".json");
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_EQ(program.end(), 0);
    const std::string all = content_of(file);
    EXPECT_EQ(in_python(all, "{'a worker','a sleeper','main'} <= " + tracks), "True") << all.substr(0, 500);
    EXPECT_EQ(in_python(all, "{'Queue::get','sleep','runs','serve'} <= {e['name'] for e in a['traceEvents']}"), "True");
    EXPECT_EQ(folder.count(), 1U);
}

TEST(Inspect, AProcessWritesItsTraceOnASignal) {
    const TemporaryFolder folder;
    const std::string file = folder.path("trace.json");
    Inspected program(Environment{{"TENDRIL_TRACE", file}, {"TENDRIL_TRACE_SIGNAL", "USR2"}});
    EXPECT_EQ(program.tell("block"), "blocked");
    ::kill(program.pid(), SIGUSR2);
    while (!std::filesystem::exists(file)) {
        sleep(2ms);
    }
    EXPECT_EQ(in_python(content_of(file), "'a worker' in " + tracks), "True");
    EXPECT_EQ(program.tell("on"), "free");
    EXPECT_EQ(program.end(), 0);
}

}  // namespace
