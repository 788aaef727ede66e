// SPDX-License-Identifier: MIT
//
// `tendril top`, as a person uses it: in a terminal, which tmux keeps, on a process with an HTTP server.

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/process.hpp>

#include "folder.hpp"
#include "peer.hpp"

namespace {

using namespace tendril;
using namespace std::chrono_literals;
using tendril::testing::TemporaryFolder;

// The program that is looked at.
class Shown {
public:
    Shown() : peer_({TENDRIL_INSPECTED}, options()), lines_(peer_->stdout_()) {
        at_ = lines_.read_line(20s).value_or("").substr(3);
    }
    std::string pid() { return std::to_string(peer_->pid()); }
    std::string url() const { return "http://" + at_ + "/"; }
    void tell(const std::string& command) {
        peer_->stdin_().send_all(command + "\n");
        lines_.read_line(20s);
    }

private:
    static PopenOptions options() {
        PopenOptions made;
        made.in = PIPE;
        made.out = PIPE;
        made.add_env = {{"TENDRIL_INSPECT", "1"}};
        return made;
    }
    Peer peer_;
    BufferedReader lines_;
    std::string at_;
};

// A terminal with a program in it.
class Pane {
public:
    explicit Pane(const std::string& command) {
        tmux({"-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "30", command + "; echo ended $?; cat"});
    }
    Pane(const Pane&) = delete;
    Pane& operator=(const Pane&) = delete;
    ~Pane() { tmux({"kill-server"}); }

    void press(const std::string& keys) { tmux({"send-keys", keys}); }
    void type(const std::string& text) { tmux({"send-keys", "-l", text}); }
    void resize(const std::string& columns, const std::string& rows) {
        tmux({"resize-window", "-x", columns, "-y", rows});
    }
    std::string text() { return tmux({"capture-pane", "-p"}); }

    // Waits until the page has this text; then returns the page.
    std::string until(const std::string& wanted) {
        std::string page;
        for (const Deadline deadline(60s); !deadline.passed(); sleep(20ms)) {
            page = text();
            if (page.find(wanted) != std::string::npos) {
                return page;
            }
        }
        throw std::runtime_error("the terminal never showed \"" + wanted + "\", but\n" + page);
    }
    void until_without(const std::string& unwanted) {
        for (const Deadline deadline(60s); text().find(unwanted) != std::string::npos; sleep(20ms)) {
            if (deadline.passed()) {
                throw std::runtime_error("the terminal still shows " + unwanted);
            }
        }
    }

private:
    std::string tmux(std::vector<std::string> words) {
        words.insert(words.begin(), {"tmux", "-S", folder_.path("socket")});
        return run(words, {.deadline = 60s}).out;
    }
    TemporaryFolder folder_;
};

std::string top(const std::string& arguments) {
    return std::string(TENDRIL_PROGRAM) + " top --interval=0.1 " + arguments;
}

CompletedProcess top_once(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{TENDRIL_PROGRAM, "top"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return run(words, {.deadline = 60s});
}

TEST(Top, ShowsFiltersAndSortsInATerminal) {
    TENDRIL_NEEDS("tmux");
    Shown shown;
    Pane pane(top(shown.pid()));
    const std::string page = pane.until("a worker");
    EXPECT_NE(page.find("process " + shown.pid()), std::string::npos) << page;
    EXPECT_NE(page.find("hub 1"), std::string::npos) << page;
    EXPECT_NE(page.find("Queue::get"), std::string::npos) << page;
    EXPECT_NE(page.find("inspected.cpp:"), std::string::npos) << page;
    EXPECT_NE(page.find("queue delay"), std::string::npos) << page;

    pane.type("/a sle");
    pane.until("filter: a sle_");
    pane.until_without("a worker");
    pane.until("a sleeper");
    pane.press("Enter");
    pane.until("filter (a sle)");
    pane.press("Enter");
    const std::string trace = pane.until("#0 ");
    EXPECT_NE(trace.find("spawned at inspected.cpp:"), std::string::npos) << trace;
    EXPECT_NE(trace.find("tendril::sleep("), std::string::npos) << trace;
    pane.press("Escape");
    pane.until("WAITS IN");
    pane.press("Escape");
    pane.until("a worker");
    pane.type("s");
    pane.until("sort (id)");
    pane.type("r");
    pane.until("sort (id, reversed)");
    pane.press("Tab");
    pane.until("COUNT");
    pane.type("3");
    pane.until("a socket of the library");
    pane.type("5");
    pane.until("tendril_http_requests_total{server=");
    pane.type("h");
    pane.until("reverse the order");
    pane.type("x");
    pane.until_without("reverse the order");
    pane.resize("70", "20");
    pane.until("VALUE");
    pane.type("q");
    pane.until("ended 0");
}

TEST(Top, ShowsRequestsPerSecondByUrl) {
    TENDRIL_NEEDS("tmux");
    Shown shown;
    Pane pane(top(shown.url()));
    pane.until("a worker");
    // What it asks for itself is counted.
    pane.until_without("- requests/s");
    pane.until_without("\n0 requests/s");
    pane.until("1 HTTP connections");
    pane.type("q");
    pane.until("ended 0");
}

TEST(Top, SaysWhenAHubDoesNotAnswer) {
    TENDRIL_NEEDS("tmux");
    Shown shown;
    Pane pane(top(shown.pid()));
    pane.until("a worker");
    shown.tell("block");
    pane.until("hub 1 does not answer");
    shown.tell("on");
    pane.until("a worker");
    pane.type("q");
    pane.until("ended 0");
}

TEST(Top, PrintsOnePage) {
    Shown shown;
    const CompletedProcess done =
        top_once({"--once", "--interval", "0.1", "--sort=name", "--filter=worker", shown.pid()});
    EXPECT_EQ(done.returncode, 0) << done.err;
    EXPECT_NE(done.out.find("a worker"), std::string::npos) << done.out;
    EXPECT_EQ(done.out.find("a sleeper"), std::string::npos) << done.out;
    EXPECT_EQ(done.out.find('\x1b'), std::string::npos);
    EXPECT_NE(top_once({"--list"}).out.find(shown.pid() + " "), std::string::npos);
}

TEST(Top, RefusesWhatItCannotShow) {
    const auto refused = [](const std::vector<std::string>& arguments, const std::string& why) {
        const CompletedProcess done = top_once(arguments);
        EXPECT_EQ(done.returncode, 125);
        EXPECT_NE(done.err.find(why), std::string::npos) << done.err;
    };
    refused({}, "a PID or a URL is missing");
    refused({"1", "2"}, "one PID or URL");
    refused({"--sort=size", "1"}, "there is no order size");
    refused({"--interval=0", "1"}, "--interval: 0 is not");
    refused({"--colour", "1"}, "no such option");
    refused({"server"}, "neither the number of a process nor a URL");
    refused({std::to_string(::getpid())}, "TENDRIL_INSPECT=1");
    refused({"--once", "http://127.0.0.1:1/"}, "refused");
    Shown shown;
    refused({shown.pid()}, "needs a terminal as input and output; --once prints one page as text");
    EXPECT_NE(top_once({"--help"}).out.find("usage: tendril top"), std::string::npos);
}

}  // namespace
