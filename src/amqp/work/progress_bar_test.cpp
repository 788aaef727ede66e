// SPDX-License-Identifier: MIT

#include "amqp/work/progress_bar.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include <tendril/fd.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pipe.hpp>
#include <tendril/terminal.hpp>

#include "green_test.hpp"

namespace tendril::amqp::detail {
namespace {

using namespace std::chrono_literals;

TEST(AmqpProgressLine, SaysHowFarItIs) {
    EXPECT_EQ(progress_line("pages", {0, 0, 10}, 0s, 35), "pages  [----------]  0 %  0/10  0 s");
    EXPECT_EQ(progress_line("pages", {6, 0, 10}, 12s, 45), "pages  [##########--------]  60 %  6/10  12 s");
    EXPECT_EQ(progress_line("pages", {6, 1.5, 10}, 12s, 45), "pages  [#############-----]  75 %  6/10  12 s");
    EXPECT_EQ(progress_line("pages", {10, 0, 10}, 3s, 43), "pages  [###############]  100 %  10/10  3 s");
}

TEST(AmqpProgressLine, SaysAHundredOnlyAtTheEnd) {
    EXPECT_EQ(progress_line("p", {9, 1.0, 10}, 0s, 20), "p  99 %  9/10  0 s");
    EXPECT_EQ(progress_line("p", {9, 7.0, 10}, 0s, 20), "p  99 %  9/10  0 s");
    EXPECT_EQ(progress_line("p", {0, 0, 0}, 0s, 20), "p  100 %  0/0  0 s");
}

TEST(AmqpProgressLine, FitsIntoItsRoom) {
    EXPECT_EQ(progress_line("pages", {7, 0.5, {}}, 61s, 80), "pages  7  61 s") << "nobody knows of how many";
    EXPECT_EQ(progress_line("pages", {6, 0, 10}, 12s, 10), "pages  60 ");
    EXPECT_EQ(progress_line("pages", {6, 0, 10}, 12s, 0), "");
    EXPECT_EQ(progress_line("p", {500, 0, 1000}, 12s, 200).size(),
              std::string("p  []  50 %  500/1000  12 s").size() + 40);
}

// Of a bar that was drawn at least once, at its end and between.
std::string drawn(TerminalSize size) {
    TerminalPair pair = open_terminal(size);
    Progress progress{.ended = 1, .total = 4};
    int looks = 0;
    std::unique_ptr<ProgressBar> bar = ProgressBar::begin(pair.slave.get(), "pages", [&] {
        ++looks;
        return progress;
    });
    while (looks < 2) {
        sleep(1ms);
    }
    progress.ended = 4;
    bar.reset();
    const int seen = looks;
    yield();
    EXPECT_EQ(looks, seen) << "what it looked at may be gone";
    pair.slave = Fd();
    std::string text;
    for (std::string buffer(4096, '\0'); const std::size_t n = pair.master.recv(buffer);) {
        text.append(buffer, 0, n);
    }
    return text;
}

TENDRIL_TEST(AmqpProgressBar, DrawsOneLineOnATerminal) {
    const std::string text = drawn({40, 24});
    EXPECT_EQ(text.find("\rpages  [###-----------]  25 %  1/4  0 s\033[K\rpages"), 0u) << text;
    EXPECT_TRUE(text.ends_with("]  100 %  4/4  0 s\033[K\r\n")) << text;
    EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
    EXPECT_EQ(drawn({0, 0}).find("pages  ["), 1u) << "a terminal that does not know its size";
}

TENDRIL_TEST(AmqpProgressBar, IsSilentElsewhere) {
    const Pipe pipe = make_pipe();
    EXPECT_EQ(ProgressBar::begin(pipe.writer.fd(), "pages", [] { return Progress(); }), nullptr);
}

}  // namespace
}  // namespace tendril::amqp::detail
