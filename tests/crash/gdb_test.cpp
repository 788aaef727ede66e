// SPDX-License-Identifier: MIT
//
// tools/gdb/tendril.py, on a live process and on its core file. The process is a child with green threads in known
// places; gdb is asked about it as a user would.

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <regex>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "context/flow.hpp"

using namespace std::chrono_literals;

namespace tendril {

volatile int gdb_test_sink = 0;

// Waits here, for gdb to find it.
[[gnu::noinline]] void gdb_test_inner() {
    sleep(1h);
    gdb_test_sink = gdb_test_sink + 1;
}

[[gnu::noinline]] void gdb_test_outer(int depth) {
    if (depth > 0) {
        gdb_test_outer(depth - 1);
    } else {
        gdb_test_inner();
    }
    gdb_test_sink = gdb_test_sink + 1;
}

namespace {

constexpr int outer_frames = 4;

// A child process with two hubs, in a directory of its own, where its core would be. Ends with this.
class Target {
public:
    Target() {
        EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        pid = ::fork();
        if (pid == 0) {
            ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // where Yama allows gdb its own children only
            const rlimit without_limit{RLIM_INFINITY, RLIM_INFINITY};
            ::setrlimit(RLIMIT_CORE, &without_limit);
            live(::chdir(directory_.c_str()) == 0 ? ends[1] : -1);
            ::_exit(0);
        }
        ::close(ends[1]);
        char c = 0;
        for (int hubs = 0; hubs < 2; ++hubs) {
            EXPECT_EQ(::read(ends[0], &c, 1), 1) << "the child has not come so far";
        }
        ::close(ends[0]);
    }
    ~Target() {
        die(SIGKILL);
        std::filesystem::remove_all(directory_);
    }
    // Returns: the file of its core; empty: there is none.
    std::string die(int signal) {
        if (!dead_) {
            ::kill(pid, signal);
            ::waitpid(pid, nullptr, 0);
            dead_ = true;
        }
        for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
            return entry.path();
        }
        return {};
    }

    pid_t pid;

private:
    static void live(int ready) {
        std::thread second([ready] {
            spawn_n({.name = "elsewhere"}, [ready] {
                EXPECT_EQ(::write(ready, "x", 1), 1);
                gdb_test_inner();
            });
            sleep(1h);
        });
        Event event;
        const auto deep = spawn({.name = "deep"}, [] { gdb_test_outer(outer_frames - 1); });
        const auto waits = spawn({.name = "waits"}, [&] { event.wait(); });
        const auto later = spawn_after({.name = "later"}, 1h, [] {});
        sleep(1ms);
        EXPECT_EQ(::write(ready, "x", 1), 1);
        sleep(1h);
    }
    std::string directory_ = ::testing::TempDir() + "tendril-gdb-XXXXXX";
    bool dead_ = false;
};

std::string output_of(const std::string& command) {
    std::string text;
    std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    for (int c = 0; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;) {
        text += static_cast<char>(c);
    }
    ::pclose(pipe);
    return text;
}

// What gdb says to the commands, which are its options.
std::string gdb(const std::string& target, const std::string& commands) {
    return output_of("gdb -nx -batch -iex 'set debuginfod enabled off' -iex 'set auto-load off' " + target +
                     " -ex 'source " TENDRIL_SOURCE_DIR "/tools/gdb/tendril.py' " + commands);
}

std::string live(const Target& target) {
    return "-p " + std::to_string(target.pid);
}

// Why gdb cannot be tested here; empty: it can.
std::string obstacle(const Target& target) {
    if (output_of("gdb -nx -batch -ex 'python print(6 * 7)'").find("42") == std::string::npos) {
        return "not tested: there is no gdb with Python here (tools/setup --test installs it)";
    }
    if (output_of("gdb -nx -batch " + live(target)).find("Operation not permitted") != std::string::npos) {
        return "not tested: this system does not permit ptrace, which gdb needs; in a container, "
               "--cap-add=SYS_PTRACE does";
    }
    return {};
}

bool has(const std::string& text, const std::string& pattern) {
    return std::regex_search(text, std::regex(pattern));
}

std::string id_of(const std::string& text, const std::string& name) {
    std::smatch match;
    EXPECT_TRUE(std::regex_search(text, match, std::regex("(\\d+) \"" + name + '"'))) << text;
    return match.empty() ? "0" : match.str(1);
}

void expect_list(const std::string& text) {
    EXPECT_TRUE(has(text, "hub of OS thread \\d+ \\(gdb's thread 1, LWP \\d+\\)")) << text;
    EXPECT_TRUE(has(text, "hub of OS thread \\d+ \\(gdb's thread 2, LWP \\d+\\)")) << text;
    EXPECT_TRUE(has(text, "\\d+ waits in sleep(, and polls for all)?, the main one")) << text;
    EXPECT_TRUE(has(text, "\\d+ \"deep\" waits in sleep, spawned at .*gdb_test.cpp:\\d+ by \\d+")) << text;
    EXPECT_TRUE(has(text, "\\d+ \"waits\" waits in Event::wait, spawned at .*gdb_test.cpp:\\d+ by")) << text;
    EXPECT_TRUE(has(text, "\\d+ \"later\" waits for its start, spawned at .*gdb_test.cpp:\\d+ by")) << text;
    EXPECT_TRUE(has(text, "\\d+ \"elsewhere\" waits in sleep(, and polls for all)?, spawned at .*gdb_test.cpp:\\d+ by"))
        << text;
}

#ifdef TENDRIL_SWITCH_OURS

// The functions of the one called "deep", in order.
void expect_backtrace(const std::string& text) {
    std::string pattern = "in (tendril::)?gdb_test_inner[^\n]*gdb_test.cpp:\\d+\n";
    for (int i = 0; i < outer_frames; ++i) {
        pattern += "#\\d+ +0x[0-9a-f]+ in (tendril::)?gdb_test_outer[^\n]*\n";
    }
    EXPECT_TRUE(has(text, pattern)) << text;
    EXPECT_TRUE(has(text, "enter_fiber")) << "and so to its beginning: " << text;
}

// Also with a choice made in between, and none left afterwards.
std::string questions(const std::string& id) {
    return "-ex 'greenlet " + id + " bt' -ex 'echo --chosen--\\n' -ex 'greenlet " + id +
           "' -ex bt -ex 'greenlet off' -ex 'echo --own--\\n' -ex bt";
}

void expect_answers(const std::string& text) {
    const std::size_t chosen = text.find("--chosen--");
    const std::size_t own = text.find("--own--");
    ASSERT_TRUE(chosen != std::string::npos && own != std::string::npos) << text;
    expect_backtrace(text.substr(0, chosen));
    EXPECT_TRUE(has(text.substr(chosen, own - chosen), "gdb_test_inner")) << text;
    EXPECT_FALSE(has(text.substr(own), "gdb_test_inner")) << text;
    EXPECT_TRUE(has(text.substr(own), "main")) << text;
}

#endif

TEST(Gdb, ALiveProcess) {
    const Target target;
    if (const std::string why = obstacle(target); !why.empty()) {
        GTEST_SKIP() << why;
    }
    const std::string list = gdb(live(target), "-ex 'info greenlets'");
    expect_list(list);
#ifdef TENDRIL_SWITCH_OURS
    expect_answers(gdb(live(target), questions(id_of(list, "deep"))));
#endif
    EXPECT_TRUE(has(gdb(live(target), "-ex 'greenlet 999999 bt'"), "there is no green thread 999999"));
    EXPECT_TRUE(has(gdb(live(target), "-ex 'greenlet " + id_of(list, "later") + " bt'"), "it has not begun"));
}

// A sanitizer's shadow memory would be in the core, terabytes of it.
#if !defined(TENDRIL_ASAN) && !defined(TENDRIL_TSAN)

TEST(Gdb, ACoreFile) {
    Target target;
    if (const std::string why = obstacle(target); !why.empty()) {
        GTEST_SKIP() << why;
    }
    const std::string core = target.die(SIGABRT);
    if (core.empty()) {
        GTEST_SKIP() << "not tested: this system writes no core file into the directory of the process "
                        "(/proc/sys/kernel/core_pattern, ulimit -Hc)";
    }
    char program[4096] = {};
    ASSERT_GT(::readlink("/proc/self/exe", program, sizeof program - 1), 0);
    const std::string dead = std::string(program) + ' ' + core;
    const std::string list = gdb(dead, "-ex 'info greenlets'");
    expect_list(list);
#ifdef TENDRIL_SWITCH_OURS
    expect_answers(gdb(dead, questions(id_of(list, "deep"))));
#endif
}

#endif

}  // namespace
}  // namespace tendril
