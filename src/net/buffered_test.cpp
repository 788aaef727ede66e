// SPDX-License-Identifier: MIT

#include <tendril/buffered.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/iostream.hpp>
#include <tendril/pipe.hpp>
#include <tendril/socket.hpp>
#include <tendril/timeout.hpp>

#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

// A source of this text and then the end; it arrives in pieces of this many bytes.
struct Written {
    explicit Written(std::string text, std::size_t piece = 0) {
        Pipe pipe = make_pipe();
        reader = std::move(pipe.reader);
        spawn([writer = std::move(pipe.writer), text = std::move(text), piece]() mutable {
            for (std::size_t at = 0; at < text.size();) {
                const std::size_t n = piece > 0 ? std::min(piece, text.size() - at) : text.size();
                writer.send_all({text.data() + at, n});
                at += n;
                yield();
            }
        });
    }
    PipeReader reader;
};

std::vector<std::string> lines_of(const std::string& text, LineEnd end, std::size_t piece) {
    Written written(text, piece);
    BufferedReader in(written.reader, {.size = 7, .line_end = end});
    std::vector<std::string> lines;
    for (const std::string& line : in.lines()) {
        lines.push_back(line);
    }
    return lines;
}

using Lines = std::vector<std::string>;

// TI20: every LineEnd, no matter where the pieces end.
TENDRIL_TEST(BufferedReader, EndsLinesAsItIsTold) {
    const std::string text = "one\r\ntwo\n\r\nthree\rfour";
    for (const std::size_t piece : {0, 1, 2, 5}) {
        EXPECT_EQ(lines_of(text, LineEnd::lf, piece), (Lines{"one\r", "two", "\r", "three\rfour"}));
        EXPECT_EQ(lines_of(text, LineEnd::crlf, piece), (Lines{"one", "two\n", "three\rfour"}));
        EXPECT_EQ(lines_of(text, LineEnd::universal, piece), (Lines{"one", "two", "", "three", "four"}));
    }
    EXPECT_EQ(lines_of("a\n", LineEnd::lf, 0), Lines{"a"});
    EXPECT_EQ(lines_of("", LineEnd::universal, 0), Lines{});
}

TENDRIL_TEST(BufferedReader, KeepsACarriageReturnThatEndsNothing) {
    EXPECT_EQ(lines_of("a\r\nb\n", LineEnd::lf, 0), (Lines{"a\r", "b"}));
    EXPECT_EQ(lines_of("a\rb\nc\r\n", LineEnd::crlf, 0), (Lines{"a\rb\nc"}));
    EXPECT_EQ(lines_of("a\r\nb\nc\rd", LineEnd::universal, 0), (Lines{"a", "b", "c", "d"}));
}

// A source that always has data at once, but never the wanted byte.
struct Endless final : Source {
    std::size_t recv(Buffer buffer, Deadline) override {
        std::memset(buffer.data(), 'x', 1);
        return 1;
    }
    void close() noexcept override {}
    bool is_open() const noexcept override { return true; }
};

TENDRIL_TEST(BufferedReader, ADeadlineComesThoughItNeverWaits) {
    constexpr std::size_t huge = std::size_t{1} << 40;
    Endless source;
    BufferedReader in(source, {.size = 1, .longest = huge});
    const Deadline soon(5ms);
    EXPECT_THROW(in.read_line(soon), TimeoutError);
    EXPECT_THROW(in.read_until("y", soon), TimeoutError);
    EXPECT_THROW(in.read_all(huge, soon), TimeoutError);
    EXPECT_THROW(in.peek(huge, soon), TimeoutError);
    std::string much(std::size_t{1} << 26, ' ');
    EXPECT_THROW(in.recv_exactly(much, soon), TimeoutError);
    EXPECT_THROW(source.recv_exactly(much, soon), TimeoutError);
    BufferedReader universal(source, {.size = 1, .longest = huge, .line_end = LineEnd::universal});
    EXPECT_THROW(universal.read_line(soon), TimeoutError);
}

TENDRIL_TEST(BufferedReader, FindsDelimitersAcrossPieces) {
    for (const std::size_t piece : {1, 3, 100}) {
        Written written("head\r\n\r\nbody--end--rest", piece);
        BufferedReader in(written.reader, {.size = 5});
        EXPECT_EQ(in.read_until("\r\n\r\n"), "head");
        EXPECT_EQ(in.read_until("--end--"), "body");
        EXPECT_EQ(in.read_until("nowhere"), std::nullopt);
        EXPECT_EQ(in.read_all(100), "rest") << "nothing is lost";
        EXPECT_THROW(in.read_until(""), std::invalid_argument);
    }
}

TENDRIL_TEST(BufferedReader, PeeksAndReadsExactly) {
    Written written("0123456789", 3);
    BufferedReader in(written.reader);
    EXPECT_EQ(in.peek(4).substr(0, 4), "0123");
    char four[4];
    EXPECT_EQ(in.recv_exactly(four), 4u);
    EXPECT_EQ(std::string(four, 4), "0123");
    EXPECT_EQ(in.peek(100), "456789") << "the end";
    in.skip(4);
    EXPECT_EQ(in.recv_exactly(four), 2u);
    in.trim();
    EXPECT_EQ(in.recv(four), 0u);
}

TENDRIL_TEST(BufferedReader, WhatIsTooLongIsRefusedAndKept) {
    Written written(std::string(100, 'x') + "\nafter\n");
    BufferedReader in(written.reader, {.size = 16, .longest = 50});
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(errno_of([&] { in.read_line(); }), EMSGSIZE);
    }
    char buffer[101];
    EXPECT_EQ(in.recv_exactly(buffer), 101u);
    EXPECT_EQ(in.read_line(), "after");
    Written more(std::string(100, 'x'));
    EXPECT_EQ(errno_of([&] { BufferedReader(more.reader).read_all(99); }), EMSGSIZE);
}

TENDRIL_TEST(BufferedReader, TimeoutsAndKillsLoseNothing) {
    Pipe pipe = make_pipe();
    BufferedReader in(pipe.reader);
    pipe.writer.send_all("half a li");
    EXPECT_THROW(in.read_line(2ms), TimeoutError);
    Timeout timeout(2ms);
    EXPECT_THROW(in.read_line(), Timeout::Expired);
    timeout.cancel();
    auto killed = spawn([&] { in.read_line(); });
    testing::until_waiting_for_io(1);
    killed.kill();
    char whole[12];
    EXPECT_THROW(in.recv_exactly(whole, 2ms), TimeoutError);
    killed = spawn([&] { in.recv_exactly(whole); });
    testing::until_waiting_for_io(1);
    killed.kill();
    pipe.writer.send_all("ne\n");
    EXPECT_EQ(in.read_line(), "half a line");
}

TENDRIL_TEST(BufferedReader, ReadsExactlyMoreThanItAsksForAtOnce) {
    std::string text(300'000, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = static_cast<char>(i * 11 >> 4);
    }
    Written written("line\n" + text + "end", 50'000);
    BufferedReader in(written.reader, {.size = 100, .longest = 200});
    EXPECT_EQ(in.read_line(), "line");
    std::string got(text.size(), '\0');
    EXPECT_EQ(in.recv_exactly(got, 20s), text.size());
    EXPECT_TRUE(got == text);
    EXPECT_EQ(in.recv_exactly(got, 20s), 3u) << "the end";
}

// TI10, TI13: the last owner closes, once.
TENDRIL_TEST(BufferedReader, KeepsWhatItSharesAlive) {
    auto [a, b] = TcpSocket::pair();
    auto shared = std::make_shared<TcpSocket>(std::move(a));
    BufferedReader in(shared);
    BufferedWriter out(shared);
    const std::weak_ptr<TcpSocket> watch = shared;
    shared.reset();
    b.send_all("to\n");
    EXPECT_EQ(in.read_line(), "to");
    out.send_all("fro");
    out.flush();
    char buffer[3];
    EXPECT_EQ(b.recv_exactly(buffer), 3u);
    in = BufferedReader(std::shared_ptr<Source>());
    EXPECT_FALSE(watch.expired());
    out = BufferedWriter(std::shared_ptr<Sink>());
    EXPECT_TRUE(watch.expired());
    EXPECT_EQ(b.recv(buffer, 10s), 0u);
    BufferedReader owner(std::move(b));
    EXPECT_TRUE(owner.is_open());
}

TENDRIL_TEST(BufferedWriter, SendsWhenItIsFullOrFlushed) {
    Pipe pipe = make_pipe();
    char buffer[100];
    {
        BufferedWriter out(pipe.writer, 10);
        out.send_all("12345");
        EXPECT_THROW(pipe.reader.recv(buffer, 0ms), TimeoutError);
        out.send_all("67890");
        EXPECT_EQ(out.unsent(), 10u);
        out.send_all("abc");
        EXPECT_EQ(pipe.reader.recv_exactly({buffer, 13}, 10s), 13u);
        EXPECT_EQ(std::string(buffer, 13), "1234567890abc");
        out.send_all("x");
        out.flush();
        EXPECT_EQ(pipe.reader.recv(buffer, 10s), 1u);
    }
    // Bytes that a timeout kept from being sent are left for the next flush(), and each is sent once.
    BufferedWriter out(pipe.writer, 300'000);
    const std::string text(200'000, 'y');
    out.send_all(text);
    EXPECT_THROW(out.flush(2ms), TimeoutError);
    auto reader = spawn([&] {
        std::string all(text.size(), '\0');
        EXPECT_EQ(pipe.reader.recv_exactly(all, 10s), all.size());
        EXPECT_EQ(all, text);
    });
    out.flush(10s);
    reader.get();
    EXPECT_THROW(pipe.reader.recv(buffer, 0ms), TimeoutError);
}

TENDRIL_TEST(BufferedWriter, IsBrokenWhenItWasBrokenOff) {
    Pipe pipe = make_pipe();
    BufferedWriter out(pipe.writer, 10);
    auto killed = spawn([&] { out.send_all(std::string(1'000'000, 'x')); });
    testing::until_waiting_for_io(1);
    killed.kill();
    EXPECT_THROW(out.send_all(std::string(20, 'y')), std::logic_error);
    EXPECT_THROW(out.flush(), std::logic_error);
}

TENDRIL_TEST(IoStream, IsAStandardStream) {
    auto [a, b] = TcpSocket::pair();
    IoStream io(a);
    BufferedReader in(b);
    io << "number " << 42 << std::endl;
    EXPECT_EQ(in.read_line(), "number 42");
    b.send_all("one 2\n");
    std::string word;
    int number = 0;
    io >> word >> number;
    EXPECT_EQ(word, "one");
    EXPECT_EQ(number, 2);
    b.close();
    std::string line;
    std::getline(io, line);
    EXPECT_FALSE(std::getline(io, line)) << "the end is no error";
}

TENDRIL_TEST(IoStream, SwallowsNoKillAndNoError) {
    auto [a, b] = TcpSocket::pair();
    IoStream io(a);
    auto killed = spawn([&] {
        std::string line;
        std::getline(io, line);
    });
    testing::until_waiting_for_io(1);
    killed.kill();
    EXPECT_TRUE(killed.killed());
    io.clear();
    b.close();
    io << "x";
    EXPECT_EQ(errno_of([&] { io << std::flush; }), EPIPE);
}

}  // namespace
}  // namespace tendril
