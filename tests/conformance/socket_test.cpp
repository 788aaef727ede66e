// SPDX-License-Identifier: MIT
//
// Rows of behaviours.md, I, that no unit test beside the sources shows.

#include <cerrno>
#include <chrono>
#include <string>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/pipe.hpp>
#include <tendril/socket.hpp>

#include "errno_of.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// A deadline of nothing is "now or not", for that call only; the next one waits again.
TENDRIL_TEST(ConformanceI, TI11_NowOrNotIsOneCallsWish) {
    auto [a, b] = TcpSocket::pair();
    char c = 0;
    EXPECT_THROW(a.recv({&c, 1}, 0s), TimeoutError);
    EXPECT_EQ(a.try_recv({&c, 1}), std::nullopt);
    auto later = spawn([&peer = b] {
        testing::until_waiting_for_io(1);
        peer.send_all("x");
    });
    EXPECT_EQ(a.recv({&c, 1}), 1u);
    later.get();
    b.send_all("y");
    EXPECT_EQ(a.try_recv({&c, 1}), 1u);
    EXPECT_EQ(c, 'y');
    const std::string much(1 << 20, 'z');
    std::size_t sent = 0;
    while (const auto n = a.try_send({much.data(), much.size()})) {
        sent += *n;
    }
    EXPECT_THROW(a.send(much, 0s), TimeoutError);
    std::string got(sent, '\0');
    EXPECT_EQ(b.recv_exactly(got), sent);
    EXPECT_GT(a.try_send("again").value_or(0), 0u);
    TcpSocket copy = a.duplicate();
    EXPECT_THROW(copy.recv({&c, 1}, 0s), TimeoutError) << "a copy waits as the first does";
}

TENDRIL_TEST(ConformanceI, TI12_PipesCarryMoreThanTheyHold) {
    Pipe pipe = make_pipe();
    std::string text(1'000'000, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = static_cast<char>(i >> 5);
    }
    Group writers;
    writers.spawn([&] {
        pipe.writer.send_all(text);
        pipe.writer.close();
    });
    std::string got;
    char buffer[777];
    while (const std::size_t n = pipe.reader.recv(buffer)) {
        EXPECT_LE(n, sizeof buffer);
        got.append(buffer, n);
    }
    EXPECT_TRUE(got == text);
}

// Unlike a thread's, a close in another green thread is an error for who reads: he would take an end for the peer's.
TENDRIL_TEST(ConformanceI, TI20_ClosingAPipeWakesItsReader) {
    Pipe pipe = make_pipe();
    char c = 0;
    auto reader = spawn([&] { return testing::errno_of([&] { pipe.reader.recv({&c, 1}); }); });
    testing::until_waiting_for_io(1);
    pipe.reader.close();
    EXPECT_EQ(reader.get(), EBADF);
    Pipe other = make_pipe();
    auto end = spawn([&] { return other.reader.recv({&c, 1}); });
    testing::until_waiting_for_io(1);
    other.writer.close();
    EXPECT_EQ(end.get(), 0u);
}

}  // namespace
}  // namespace tendril
