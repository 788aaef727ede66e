// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3: the tree of all green threads, and the guard "must switch within t".

#include <tendril/assert_switches.hpp>
#include <tendril/context.hpp>
#include <tendril/dump.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/semaphore.hpp>

#include <chrono>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// With what differs from run to run replaced: ids by their order of appearance, times and sizes by letters.
std::string golden(const std::string& text) {
    static const std::regex varies(R"((green thread | by )(\d+)|; for [0-9.]+ m?s|; stack [0-9.]+ of \d+ KiB)");
    std::map<std::string, std::size_t> ids;
    std::string out;
    std::size_t from = 0;
    for (auto it = std::sregex_iterator(text.begin(), text.end(), varies); it != std::sregex_iterator(); ++it) {
        const std::smatch& match = *it;
        out += text.substr(from, static_cast<std::size_t>(match.position()) - from);
        from = static_cast<std::size_t>(match.position() + match.length());
        if (match[2].matched) {
            out += match.str(1) + std::to_string(ids.try_emplace(match.str(2), ids.size() + 1).first->second);
        } else {
            out += match.str()[2] == 'f' ? "; for T" : "; stack S";
        }
    }
    return out + text.substr(from);
}

SpawnOptions at(std::string_view name, int line) {
    return {.name = name, .where = {"main.cpp", "main", line}};
}

constexpr auto expected_tree = R"(  green thread 1 runs, the main one; stack S
    green thread 2 "server" waits in join_all, spawned at main.cpp:1 by 1; for T; stack S
      green thread 3 "worker" waits in sleep, spawned at main.cpp:2 by 2; for T; stack S
      green thread 4 "helper" waits in Semaphore::acquire, spawned at main.cpp:3 by 2; for T; stack S
    green thread 5 "later" waits for its start, spawned at main.cpp:7 by 1; stack S
    green thread 6 "fresh" is ready to begin, spawned at main.cpp:8 by 1; stack S
  green thread 7 has ended, and had spawned:
    green thread 8 "orphan" waits in Event::wait, spawned at main.cpp:5 by 7; for T; stack S
      green thread 9 waits in sleep, spawned at main.cpp:6 by 8; for T; stack S
)";

// TM13: the dump is a tree of who spawned whom; of a spawner that has ended the children are told all the same.
TEST(ConformanceM, TM13_TheDumpIsATree) {
    std::thread([] {
        Semaphore none(0);
        Event event;
        std::vector<AnyGreenlet> waiting;
        const auto server = spawn(at("server", 1), [&] {
            const auto worker = spawn(at("worker", 2), [] { sleep(1h); });
            const auto helper = spawn(at("helper", 3), [&] { none.acquire(); });
            waiting.push_back(helper);
            join_all(std::vector{worker, helper});
        });
        const auto launcher = spawn(at("launcher", 4), [&] {
            waiting.push_back(spawn(at("orphan", 5), [&] {
                spawn_n(at("", 6), [] { sleep(1h); });
                event.wait();
            }));
        });
        launcher.join();
        sleep(1ms);
        const auto later = spawn_after(at("later", 7), 1h, [] {});
        const auto fresh = spawn(at("fresh", 8), [] {});
        std::ostringstream text;
        dump(text, {.backtraces = false});
        EXPECT_EQ(golden(text.str()), expected_tree);
        kill_all(waiting);
    }).join();
}

TEST(ConformanceM, TM13_AThousandGenerations) {
    std::thread([] {
        struct Line {
            static void grow(int left) {
                if (left > 0) {
                    spawn_n([left] { grow(left - 1); });
                }
                sleep(1h);
            }
        };
        spawn_n([] { Line::grow(1000); });
        while (Hub::current().stats().greenlets < 1001) {
            yield();
        }
        std::ostringstream text;
        dump(text, {.backtraces = false});
        EXPECT_EQ(text.str().find("has ended"), std::string::npos);
        std::size_t lines = 0;
        for (const char c : text.str()) {
            lines += c == '\n' ? 1 : 0;
        }
        EXPECT_EQ(lines, 1002u) << "the main one too";
        EXPECT_LT(text.str().size(), 1002u * 200) << "the indentation has an end";
    }).join();
}

// TM13, M15: the guard throws when nothing yielded for longer than its limit, and not when something did.
void compute(std::chrono::nanoseconds how_long) {
    const Deadline end = how_long;
    while (!end.passed()) {
    }
}

TENDRIL_TEST(ConformanceM, TM13_AssertSwitches) {
    AssertSwitches guard(20ms);
    guard.check();
    compute(21ms);
    try {
        guard.check();
        ADD_FAILURE() << "nothing was thrown";
    } catch (const std::logic_error& e) {
        const std::string text = e.what();
        EXPECT_NE(text.find("dump_test.cpp:"), std::string::npos) << text;
        EXPECT_NE(text.find("the limit is 20.000 ms"), std::string::npos) << text;
    }
    yield();
    EXPECT_THROW(guard.check(), std::logic_error) << "the stretch before is not forgotten";
}

}  // namespace
}  // namespace tendril
