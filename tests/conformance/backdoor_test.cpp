// SPDX-License-Identifier: MIT
//
// The backdoor: behaviours.md §3, rows TM14, TM15.

#include <tendril/debug/backdoor.hpp>

#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

std::string a_path() {
    return "/tmp/tendril-backdoor-" + std::to_string(::getpid());
}

struct Session {
    TcpSocket socket;

    explicit Session(const debug::Backdoor& backdoor, const std::string& banner = {})
        : socket(connect(backdoor.address())) {
        EXPECT_EQ(until_prompt(), banner);
    }
    std::string until_prompt() {
        std::string got;
        char byte = 0;
        while (got != "> " && !got.ends_with("\n> ")) {
            if (socket.recv({&byte, 1}, 60s) == 0) {
                return got + "(the end)";
            }
            got += byte;
        }
        return got.substr(0, got.size() - 2);
    }
    std::string ask(const std::string& line) {
        socket.send_all(line + "\n");
        return until_prompt();
    }
};

TENDRIL_TEST(ConformanceM, TM14_SessionsAtOnceAndErrorsOfTheirOwn) {
    debug::Backdoor backdoor("unix:" + a_path());
    backdoor.add("slow", "waits", [](std::string_view, std::ostream& out) {
        sleep(20ms);
        out << "slept\n";
    });
    backdoor.add("fail", "throws", [](std::string_view arguments, std::ostream&) {
        throw std::runtime_error("no " + std::string(arguments));
    });
    Session a(backdoor);
    Session b(backdoor);
    EXPECT_EQ(backdoor.sessions(), 2u);
    auto slow = spawn([&] { return a.ask("slow"); });
    EXPECT_EQ(b.ask("fail luck"), "error: no luck\n");
    EXPECT_EQ(b.ask("nonsense"), "error: unknown command \"nonsense\"; help lists them\n");
    EXPECT_EQ(b.ask("  "), "");
    EXPECT_NE(b.ask("help").find("fail  throws\n"), std::string::npos);
    EXPECT_EQ(slow.get(), "slept\n");
    EXPECT_EQ(b.ask("quit"), "(the end)");
    EXPECT_EQ(a.ask("slow"), "slept\n");
}

TENDRIL_TEST(ConformanceM, TM14_ItShowsAndKillsGreenThreads) {
    const debug::Backdoor backdoor("unix:" + a_path());
    Session session(backdoor);
    auto victim = spawn({.name = "victim"}, [] { sleep(1h); });
    yield();
    const std::string id = std::to_string(victim.id());
    EXPECT_NE(session.ask("ps").find("green thread " + id + " \"victim\" waits in sleep"), std::string::npos);
    const std::string stack = session.ask("stack " + id);
    EXPECT_NE(stack.find("victim"), std::string::npos);
    EXPECT_EQ(stack.find("\"backdoor\""), std::string::npos);
    EXPECT_NE(session.ask("stats").find("green threads"), std::string::npos);
    EXPECT_EQ(session.ask("kill " + id), "asked\n");
    EXPECT_TRUE(victim.join(60s) && victim.killed());
    EXPECT_EQ(session.ask("kill " + id).rfind("error: there is no green thread ", 0), 0u);
    EXPECT_EQ(session.ask("kill x").rfind("error: \"x\" is not the id", 0), 0u);
}

TENDRIL_TEST(ConformanceM, TM15_OneThatLeavesAtOnceOrTalksTooMuchDisturbsNobody) {
    const debug::Backdoor backdoor("unix:" + a_path());
    for (int i = 0; i < 20; ++i) {
        connect(backdoor.address()).close();
    }
    Session talks(backdoor);
    EXPECT_EQ(talks.ask(std::string(100'000, 'x')), "error: a line has at most 4096 bytes\n");
    EXPECT_EQ(talks.ask("quit"), "(the end)");
    Session session(backdoor);
    EXPECT_EQ(session.ask("quit"), "(the end)");
    static_cast<void>(testing::take_unhandled());  // EPIPE of those that left
}

TENDRIL_TEST(Backdoor, ASessionBeginsWithTheBanner) {
    for (const std::string banner :
         {"crawler 2.1\nhelp lists the commands", "crawler 2.1\nhelp lists the commands\n"}) {
        const debug::Backdoor backdoor("unix:" + a_path(), {.banner = banner});
        for (int i = 0; i < 2; ++i) {
            Session session(backdoor, "crawler 2.1\nhelp lists the commands\n");
            EXPECT_EQ(session.ask(""), "") << "once";
        }
    }
}

TENDRIL_TEST(Backdoor, MoreSessionsThanAllowedWait) {
    const debug::Backdoor backdoor("unix:" + a_path(), {.sessions_at_most = 1, .banner = "one at a time"});
    std::optional<Session> first(std::in_place, backdoor, "one at a time\n");
    auto second = spawn([&] { return Session(backdoor, "one at a time\n").ask("quit"); });
    EXPECT_EQ(first->ask(" "), "");
    EXPECT_EQ(backdoor.sessions(), 1u);
    first.reset();
    EXPECT_EQ(second.get(), "(the end)");
}

TENDRIL_TEST(Backdoor, ItsFileGoesWithItAndItsSessionsEnd) {
    const std::string path = a_path();
    {
        const debug::Backdoor backdoor("unix:" + path);
        EXPECT_EQ(::access(path.c_str(), F_OK), 0);
        auto session = spawn([&] {
            Session s(backdoor);
            return s.until_prompt();
        });
        while (backdoor.sessions() == 0) {
            yield();
        }
        session.kill_nowait();
    }
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
    EXPECT_THROW(debug::Backdoor("127.0.0.1:0"), std::invalid_argument);
}

}  // namespace
}  // namespace tendril
