// SPDX-License-Identifier: MIT
//
// tendril-demo, the program of `make run`, run as a child process with small numbers: what it prints, its status,
// how it answers and drains with --serve. Skipped where it is not built beside this test (examples/ next to tests/).

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>

namespace {

using namespace std::chrono_literals;

struct Outcome {
    int status = -1;  // 128 + the signal when killed by one
    std::string output;
};

int plain_status(int raw) {
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

// Runs a shell command; both its outputs, as one.
Outcome run(const std::string& command) {
    Outcome outcome;
    FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "r");
    if (pipe == nullptr) {
        return outcome;
    }
    char chunk[4096];
    while (const std::size_t n = std::fread(chunk, 1, sizeof chunk, pipe)) {
        outcome.output.append(chunk, n);
    }
    outcome.status = plain_status(::pclose(pipe));
    return outcome;
}

bool have(const char* command) {
    return run(std::string("command -v ") + command).status == 0;
}

std::string lines_with(const std::string& text, const std::string& word) {
    std::string found;
    for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
        end = std::min(text.find('\n', begin), text.size());
        const std::string line = text.substr(begin, end - begin);
        found += line.find(word) != std::string::npos ? line + "\n" : "";
    }
    return found;
}

class MainJob : public ::testing::Test {
protected:
    void SetUp() override {
        namespace fs = std::filesystem;
        program_ = fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "examples" / "tendril-demo";
        if (!fs::exists(program_)) {
            GTEST_SKIP() << program_ << " is not built";
        }
    }

    // `limit`: of open descriptors; 0: as it is.
    Outcome demo(const std::string& arguments, int limit = 0) const {
        const std::string before = limit > 0 ? "ulimit -n " + std::to_string(limit) + " && " : "";
        return run(before + "exec " + program_ + " " + arguments);
    }

    std::string program_;
};

void expect_good_table(const Outcome& outcome, const std::string& held, const std::string& requests) {
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_NE(lines_with(outcome.output, "connections held").find(" " + held + " "), std::string::npos)
        << outcome.output;
    EXPECT_NE(lines_with(outcome.output, "  requests ").find(" " + requests + " "), std::string::npos)
        << outcome.output;
    EXPECT_TRUE(lines_with(outcome.output, "errors").ends_with(" 0\n")) << outcome.output;
    for (const char* row : {"requests/s", "latency p50 / p99", "RSS per green thread"}) {
        EXPECT_NE(outcome.output.find(row), std::string::npos) << row << " is missing in\n" << outcome.output;
    }
}

bool mentions(const Outcome& outcome, const char* text) {
    return outcome.output.find(text) != std::string::npos;
}

TEST_F(MainJob, one_process_where_the_limit_allows_it) {
    const Outcome outcome = demo("--connections 1000 --in-flight 100 --rounds 3", 5000);
    expect_good_table(outcome, "1,000", "3,000");
    EXPECT_FALSE(mentions(outcome, "limit")) << outcome.output;
    EXPECT_FALSE(mentions(outcome, "\r")) << "not a terminal: plain lines";
    EXPECT_TRUE(mentions(outcome, "fetching 100 %")) << outcome.output;
}

TEST_F(MainJob, two_processes_where_one_may_not_hold_both_ends) {
    const Outcome outcome = demo("--connections 1000 --in-flight 100 --rounds 3", 1500);
    expect_good_table(outcome, "1,000", "3,000");
    EXPECT_TRUE(mentions(outcome, "the clients run in a second one")) << outcome.output;
}

TEST_F(MainJob, fewer_connections_where_even_two_may_not) {
    const Outcome outcome = demo("--connections 1000 --rounds 2", 600);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_TRUE(mentions(outcome, "not 1,000")) << outcome.output;
    EXPECT_TRUE(lines_with(outcome.output, "errors").ends_with(" 0\n")) << outcome.output;
}

TEST_F(MainJob, hardly_any_descriptors) {
    const Outcome outcome = demo("--connections 1000", 20);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_TRUE(mentions(outcome, "leaves none")) << outcome.output;
}

TEST_F(MainJob, few_connections_and_many_rounds) {
    expect_good_table(demo("--connections 2 --in-flight 500 --rounds 15"), "2", "30");
}

TEST_F(MainJob, over_a_unix_domain_address) {
    const std::string name = "unix:@tendril-main-job-test-" + std::to_string(::getpid());
    expect_good_table(demo("--connections 20 --rounds 3 --address " + name), "20", "60");
}

TEST_F(MainJob, a_bar_on_a_terminal) {
    if (!have("script")) {
        GTEST_SKIP() << "no script(1) here";
    }
    const Outcome outcome = run("script -qec '" + program_ + " --connections 50 --rounds 2' /dev/null");
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_TRUE(mentions(outcome, "\rfetching [########################################] 100 of 100"))
        << outcome.output;
    EXPECT_FALSE(mentions(outcome, " %")) << outcome.output;
}

TEST_F(MainJob, bad_options) {
    for (const char* arguments :
         {"--connections x", "--connections 0", "--connections -1", "--rounds 1e3", "--in-flight", "--bogus", "-z",
          "more", "--serve 1 2", "--connections 99999999999999999999"}) {
        const Outcome outcome = demo(arguments);
        EXPECT_EQ(outcome.status, 2) << arguments;
        EXPECT_EQ(outcome.output.rfind("tendril-demo: ", 0), 0U) << outcome.output;
    }
    EXPECT_EQ(demo("--help").status, 0);
    const Outcome malformed = demo("--address nonsense");
    EXPECT_EQ(malformed.status, 1);
    EXPECT_TRUE(mentions(malformed, "nonsense")) << malformed.output;
}

// tendril-demo --serve, on a free port.
class MainJobServe : public MainJob {
protected:
    void SetUp() override {
        MainJob::SetUp();
        if (IsSkipped()) {
            return;
        }
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::close(ends[0]);
            ::close(ends[1]);
            ::execl(program_.c_str(), "tendril-demo", "--serve", "--address", "127.0.0.1:0", nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        out_ = ::fdopen(ends[0], "r");
        const std::string line = next_line();  // Serving on http://127.0.0.1:12345/ (...)
        const std::size_t begin = line.find("http://");
        ASSERT_NE(begin, std::string::npos) << line;
        url_ = line.substr(begin, line.find(' ', begin) - begin);
        address_ = url_.substr(7, url_.size() - 8);
    }

    void TearDown() override {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        if (out_ != nullptr) {
            std::fclose(out_);
        }
    }

    std::string next_line() {
        char line[256] = "";
        return std::fgets(line, sizeof line, out_) != nullptr ? line : "";
    }

    int end_by(int signal) {
        ::kill(pid_, signal);
        int raw = 0;
        ::waitpid(std::exchange(pid_, 0), &raw, 0);
        return plain_status(raw);
    }

    // What comes back until the server closes.
    std::string answer_to(const std::string& request) {
        tendril::TcpSocket socket = tendril::connect(address_);
        socket.send_all(request);
        std::string answer;
        char chunk[1024];
        while (const std::size_t n = socket.recv(chunk, 10s)) {
            answer.append(chunk, n);
        }
        return answer;
    }

    pid_t pid_ = 0;
    FILE* out_ = nullptr;
    std::string url_, address_;
};

TEST_F(MainJobServe, curl) {
    if (!have("curl")) {
        GTEST_SKIP() << "no curl here";
    }
    const Outcome page = run("curl -sSi " + url_);
    EXPECT_EQ(page.output.rfind("HTTP/1.1 200 OK\r\n", 0), 0U) << page.output;
    EXPECT_TRUE(mentions(page, "<h1>tendril</h1>")) << page.output;
    const std::size_t nonce = page.output.find("script-src 'nonce-");
    ASSERT_NE(nonce, std::string::npos) << page.output;
    EXPECT_TRUE(mentions(page, ("<script nonce=\"" + page.output.substr(nonce + 18, 32) + "\">").c_str()));
    EXPECT_NE(run("curl -sSI " + url_).output.find("script-src 'nonce-"), std::string::npos);
    const std::string format = "-sS -o /dev/null -w '%{http_code} %{num_connects}\\n' ";
    const Outcome two = run("curl " + format + url_ + "slow -o /dev/null " + url_ + "nowhere");
    EXPECT_EQ(two.output, "200 1\n404 0\n") << "the second on the same connection";
    EXPECT_EQ(run("curl " + format + "-d x=y " + url_).output, "405 1\n");
    const Outcome stats = run("curl -sS " + url_ + "stats.json");
    EXPECT_EQ(stats.output.rfind("{\"uptime_seconds\":", 0), 0U) << stats.output;
    EXPECT_TRUE(mentions(stats, "\"latency\":[{\"below_us\":10,")) << stats.output;
    EXPECT_EQ(run("curl -sS0 -o /dev/null " + url_).status, 0) << "HTTP/1.0";
    EXPECT_EQ(end_by(SIGTERM), 0);
}

TEST_F(MainJobServe, wrk) {
    if (!have("wrk")) {
        GTEST_SKIP() << "no wrk here";
    }
    const Outcome load = run("wrk -t1 -c50 -d1s " + url_ + "hello");
    EXPECT_EQ(load.status, 0);
    EXPECT_TRUE(mentions(load, "Requests/sec")) << load.output;
    EXPECT_FALSE(mentions(load, "errors") || mentions(load, "Non-2xx")) << load.output;
    EXPECT_EQ(end_by(SIGINT), 0);
}

TEST_F(MainJobServe, bad_requests_are_refused_and_the_connection_closed) {
    EXPECT_EQ(answer_to("garbage\r\n\r\n").rfind("HTTP/1.1 400 ", 0), 0U);
    const std::string both = answer_to("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.0\r\n\r\n");
    EXPECT_LT(both.find("Good morning"), both.find("<h1>Hello</h1>")) << both;
    EXPECT_NE(both.find("<h1>Hello</h1>"), std::string::npos) << both;
}

TEST_F(MainJobServe, drains_what_is_being_answered_and_closes_what_is_idle) {
    tendril::TcpSocket idle = tendril::connect(address_);
    tendril::TcpSocket half = tendril::connect(address_);
    half.send_all("GET / HT");
    tendril::TcpSocket busy = tendril::connect(address_);
    busy.send_all("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    char chunk[1024];
    ASSERT_GT(busy.recv(chunk, 10s), 0U);
    busy.send_all("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    tendril::sleep(40ms);  // of the 50 that it takes
    EXPECT_EQ(end_by(SIGINT), 0);
    std::string answer(4096, '\0');
    answer.resize(busy.recv_exactly(answer, 10s));
    EXPECT_NE(answer.find("Good morning"), std::string::npos) << answer;
    EXPECT_EQ(idle.recv(chunk, 10s), 0U);
    const std::string said = next_line() + next_line() + next_line();
    EXPECT_NE(said.find("Drained."), std::string::npos) << said;
}

TEST_F(MainJobServe, a_taken_port) {
    const Outcome second = demo("--serve --address " + address_);
    EXPECT_EQ(second.status, 1);
    EXPECT_TRUE(mentions(second, "already in use")) << second.output;
    EXPECT_TRUE(mentions(second, address_.c_str())) << second.output;
}

}  // namespace
