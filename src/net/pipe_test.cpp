// SPDX-License-Identifier: MIT

#include <tendril/pipe.hpp>

#include <csignal>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "base/sys.hpp"
#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

// Fails the next call of one kind.
sys::Call failing;
int failure = 0;
void fail_next(sys::Call call, int error) {
    failing = call;
    failure = error;
    sys::set_fault_hook(
        [](sys::Call each, int) noexcept -> sys::Fault { return each == failing ? std::exchange(failure, 0) : 0; });
}

TENDRIL_TEST(Pipe, CarriesBytesAndItsEnd) {
    Pipe pipe = make_pipe();
    PipeReader& reader = pipe.reader;
    PipeWriter& writer = pipe.writer;
    writer.send_all("hello");
    std::string got(5, '\0');
    EXPECT_EQ(reader.recv_exactly(got), 5u);
    EXPECT_EQ(got, "hello");
    writer.send_all("x");
    writer.close();
    EXPECT_EQ(reader.recv_exactly(got), 1u) << "less at the end";
    EXPECT_EQ(reader.recv(got), 0u);
    EXPECT_EQ(reader.recv(got), 0u) << "the end stays";
}

TENDRIL_TEST(Pipe, SuspendsBothEnds) {
    Pipe pipe = make_pipe();
    PipeReader& reader = pipe.reader;
    PipeWriter& writer = pipe.writer;
    const std::string data(4 << 20, 'x');
    auto sender = spawn([&] {
        writer.send_all(data);
        writer.close();
    });
    std::string got;
    std::vector<char> buffer(10'000);
    while (const std::size_t n = reader.recv(buffer)) {
        got.append(buffer.data(), n);
    }
    EXPECT_EQ(got, data);
    sender.get();
}

// Each byte is read before the next one is sent, so every read is short or finds nothing.
TENDRIL_TEST(Pipe, LosesNoWakeUpInPingPong) {
    Pipe forth = make_pipe();
    PipeReader& there_reader = forth.reader;
    PipeWriter& there = forth.writer;
    Pipe backward = make_pipe();
    PipeReader& back_reader = backward.reader;
    PipeWriter& back = backward.writer;
    auto echo = spawn([&] {
        char c[16];
        while (const std::size_t n = there_reader.recv(c)) {
            back.send_all({c, n});
        }
    });
    for (int i = 0; i < 1000; ++i) {
        char c = static_cast<char>(i);
        there.send_all({&c, 1});
        char answer = 0;
        ASSERT_EQ(back_reader.recv({&answer, 1}), 1u);
        ASSERT_EQ(answer, c);
    }
    there.close();
    echo.get();
}

TENDRIL_TEST(Pipe, DeadlinesSayHowMuchWasDone) {
    Pipe pipe = make_pipe();
    PipeReader& reader = pipe.reader;
    PipeWriter& writer = pipe.writer;
    char c;
    EXPECT_THROW(reader.recv({&c, 1}, 1ms), TimeoutError);
    writer.send_all("abc");
    std::string got(8, '\0');
    try {
        reader.recv_exactly(got, 1ms);
        ADD_FAILURE();
    } catch (const TimeoutError& e) {
        EXPECT_EQ(e.done(), 3u);
    }
    try {
        writer.send_all(std::string(1 << 20, 'x'), 1ms);
        ADD_FAILURE();
    } catch (const TimeoutError& e) {
        EXPECT_EQ(e.done(), 65536u) << "as much as fits into a pipe";
    }
    EXPECT_THROW(writer.send("x", 1ms), TimeoutError);
}

TENDRIL_TEST(Pipe, AKillOrAnOuterTimeoutBreaksAnyWaitOff) {
    Pipe pipe = make_pipe();
    PipeReader& reader = pipe.reader;
    PipeWriter& writer = pipe.writer;
    std::string got(2, '\0');
    EXPECT_FALSE(with_timeout(1ms, [&] { reader.recv(got, 1h); }));
    EXPECT_FALSE(with_timeout(1ms, [&] { reader.recv_exactly(got, 1h); }));
    auto reading = spawn([&] { reader.recv(got); });
    testing::until_waiting_for_io(1);
    EXPECT_TRUE(reading.kill());
    EXPECT_TRUE(reading.killed());
    writer.send_all("ok");
    EXPECT_EQ(reader.recv(got), 2u) << "nothing was taken";

    EXPECT_FALSE(with_timeout(1ms, [&] { writer.send_all(std::string(1 << 20, 'x'), 1h); }));
    EXPECT_FALSE(with_timeout(1ms, [&] { writer.send("x", 1h); }));
    auto writing = spawn([&] { writer.send_all("x"); });
    testing::until_waiting_for_io(1);
    EXPECT_TRUE(writing.kill());
}

TENDRIL_TEST(Pipe, ClosingWakesWhoWaits) {
    Pipe pipe = make_pipe();
    PipeReader& reader = pipe.reader;
    PipeWriter& writer = pipe.writer;
    auto reading = spawn([&] {
        char c;
        return errno_of([&] { reader.recv({&c, 1}); });
    });
    auto writing = spawn([&] { return errno_of([&] { writer.send_all(std::string(1 << 20, 'x')); }); });
    while (!reading.ready()) {
        yield();
    }
    testing::until_waiting_for_io(1);
    writer.close();
    EXPECT_EQ(writing.get(), EBADF);
    std::vector<char> buffer(1 << 20);
    Pipe other = make_pipe();
    PipeReader& other_reader = other.reader;
    auto waiting = spawn([&] { return errno_of([&] { other_reader.recv(buffer); }); });
    testing::until_waiting_for_io(1);
    other_reader.close();
    EXPECT_EQ(waiting.get(), EBADF);
    EXPECT_EQ(reading.get(), 0);
    EXPECT_EQ(errno_of([&] { writer.send("x"); }), EBADF);
}

TENDRIL_TEST(Pipe, ASecondReaderIsRefused) {
    Pipe pipe = make_pipe();
    PipeReader& reader = pipe.reader;
    PipeWriter& writer = pipe.writer;
    char c;
    auto first = spawn([&] { return reader.recv({&c, 1}); });
    testing::until_waiting_for_io(1);
    EXPECT_THROW(reader.recv({&c, 1}), ConcurrentUse);
    writer.send_all("x");
    EXPECT_EQ(first.get(), 1u);
}

// Whether SIGPIPE is blocked or not; and a SIGPIPE from elsewhere stays pending.
void expect_an_error_and_no_signal() {
    sigset_t mine;
    sigset_t old;
    sigemptyset(&mine);
    sigaddset(&mine, SIGPIPE);
    for (const bool blocked : {false, true}) {
        Pipe pipe = make_pipe();
        PipeReader& reader = pipe.reader;
        PipeWriter& writer = pipe.writer;
        reader.close();
        pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &mine, &old);
        EXPECT_EQ(errno_of([&] { writer.send("x"); }), EPIPE);
        EXPECT_EQ(errno_of([&] { writer.send_all("x"); }), EPIPE);
        sigset_t pending;
        sigpending(&pending);
        EXPECT_EQ(sigismember(&pending, SIGPIPE), 0) << "the signal of the write is suppressed";
        sigset_t now;
        pthread_sigmask(SIG_BLOCK, nullptr, &now);
        EXPECT_EQ(sigismember(&now, SIGPIPE) == 1, blocked) << "the mask is as it was";
        if (blocked) {
            pthread_kill(pthread_self(), SIGPIPE);
            EXPECT_EQ(errno_of([&] { writer.send("x"); }), EPIPE);
            sigpending(&pending);
            EXPECT_EQ(sigismember(&pending, SIGPIPE), 1) << "a signal from elsewhere stays pending";
            int taken = 0;
            sigwait(&mine, &taken);
        }
        pthread_sigmask(SIG_SETMASK, &old, nullptr);
    }
    struct sigaction action {};
    sigaction(SIGPIPE, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_DFL) << "otherwise the test proves nothing";
}

TENDRIL_TEST(Pipe, ABrokenOneIsAnErrorNotASignal) {
    expect_an_error_and_no_signal();
    const Pipe pipe = make_pipe();
    fail_next(sys::Call::write, EOPNOTSUPP);  // like a kernel that cannot suppress the signal; this is remembered
    sys::write_pipe(pipe.writer.fd(), "x", 1);
    sys::set_fault_hook(nullptr);
    expect_an_error_and_no_signal();
}

TENDRIL_TEST(Pipe, FailsCleanlyWithoutDescriptors) {
    const std::size_t before = testing::count_descriptors();
    fail_next(sys::Call::pipe, EMFILE);
    EXPECT_EQ(errno_of([] { make_pipe(); }), EMFILE);
    fail_next(sys::Call::fcntl, EINVAL);
    int ends[2];
    ASSERT_EQ(sys::pipe(ends, 0), 0);
    EXPECT_EQ(errno_of([&] { PipeReader reader{Fd(ends[0])}; }), EINVAL);
    sys::set_fault_hook(nullptr);
    sys::close(ends[1]);
    EXPECT_EQ(errno_of([] { PipeWriter closed{Fd()}; }), EBADF);
    EXPECT_EQ(testing::count_descriptors(), before);
}

TENDRIL_TEST(Pipe, SurvivesEintr) {
    Pipe pipe = make_pipe();
    PipeReader& reader = pipe.reader;
    PipeWriter& writer = pipe.writer;
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        static unsigned n = 0;
        return (call == sys::Call::read || call == sys::Call::write) && ++n % 3 == 0 ? EINTR : 0;
    });
    const std::string data(300'000, 'q');
    auto sender = spawn([&] { writer.send_all(data); });
    std::string got(data.size(), '\0');
    EXPECT_EQ(reader.recv_exactly(got), data.size());
    sys::set_fault_hook(nullptr);
    EXPECT_EQ(got, data);
    sender.get();
}

// A descriptor that is taken over may have short reads without being empty: a terminal, a pipe of packets.
TENDRIL_TEST(Pipe, TakesOverADescriptorWhoseReadsAreShort) {
    int ends[2];
    ASSERT_EQ(sys::pipe(ends, O_DIRECT), 0);
    PipeReader reader{Fd(ends[0])};
    PipeWriter writer{Fd(ends[1])};
    char buffer[64];
    auto reading = spawn([&] { return reader.recv(buffer); });
    testing::until_waiting_for_io(1);
    writer.send_all("first");
    writer.send_all("second");
    EXPECT_EQ(reading.get(), 5u);
    EXPECT_EQ(reader.recv(buffer, 10s), 6u);
}

// A terminal, which other processes could share.
struct Terminal {
    Fd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    Fd slave;
    Terminal() {
        EXPECT_TRUE(master.is_open() && ::grantpt(master.get()) == 0 && ::unlockpt(master.get()) == 0);
        slave = Fd(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
        EXPECT_TRUE(slave.is_open());
    }
    Fd copy() const { return Fd(::dup(slave.get())); }
};

// Whether the terminal can be opened a second time or not: only the reader waits, and its flags stay as they were.
TENDRIL_TEST(Pipe, ASharedTerminalStaysBlocking) {
    for (const int error : {0, EACCES}) {
        Terminal terminal;
        const int flags = ::fcntl(terminal.slave.get(), F_GETFL);
        const testing::Faults faults({{.call = sys::Call::open, .times = error == 0 ? 0u : 2u, .fault = error}});
        PipeReader in = PipeReader::shared(terminal.copy());
        PipeWriter out = PipeWriter::shared(terminal.copy());
        char buffer[100];
        EXPECT_THROW(in.recv(buffer, 1ms), TimeoutError);
        auto reader = spawn([&] { return in.recv(buffer, 20s); });
        testing::until_waiting_for_io(1);
        ASSERT_EQ(::write(terminal.master.get(), "a line\n", 7), 7);
        EXPECT_EQ(reader.get(), 7u);
        EXPECT_EQ(std::string(buffer, 7), "a line\n");
        out.send_all("answer", 20s);
        out.send_parts(std::vector<Bytes>{"in ", "parts"}, 20s);
        PipeReader screen(std::move(terminal.master));
        const std::string expected = "a line\r\nanswerin parts";
        std::string shown(expected.size(), '\0');
        screen.recv_exactly(shown, 20s);
        EXPECT_EQ(shown, expected);
        EXPECT_EQ(::fcntl(terminal.slave.get(), F_GETFL), flags);
    }
    PipeReader input = standard_input();
    EXPECT_TRUE(input.is_open());
}

// With the blocking flag that the other processes need, its write would wait in the kernel until all was taken.
TENDRIL_TEST(Pipe, ATerminalThatTakesNothingHoldsUpItsWriterOnly) {
    Terminal terminal;
    PipeWriter out = PipeWriter::shared(terminal.copy());
    out.send_all(std::string(3001, '\n'), 20s);
    const std::string much(100'000, 'x');
    auto writer = spawn([&] { out.send_all(much, 20s); });
    testing::until_waiting_for_io(1);
    PipeReader screen(std::move(terminal.master));
    std::string shown(2 * 3001 + much.size(), '\0');
    EXPECT_EQ(screen.recv_exactly(shown, 20s), shown.size());
    EXPECT_TRUE(shown.ends_with(much));
    writer.get();
}

TENDRIL_TEST(Pipe, CarriesPartsAsOne) {
    Pipe pipe = make_pipe();
    const std::string big(300'000, 'b');
    auto writer = spawn([&] {
        pipe.writer.send_parts(std::vector<Bytes>{"a", "", big, "c"}, 20s);
        pipe.writer.close();
    });
    char first[3];
    char second[2];
    std::string rest(big.size() + 2, '\0');
    EXPECT_EQ(pipe.reader.recv_parts(std::vector<Buffer>{first, Buffer(), second}, 20s), 5u);
    EXPECT_EQ(std::string(first, 3) + std::string(second, 2), "abbbb");
    EXPECT_EQ(pipe.reader.recv_exactly(rest, 20s), big.size() - 3);
    EXPECT_EQ(rest.substr(0, big.size() - 3), big.substr(4) + "c");
    writer.get();
    Pipe broken = make_pipe();
    broken.reader.close();
    EXPECT_EQ(errno_of([&] { broken.writer.send_parts(std::vector<Bytes>{"x", "y"}); }), EPIPE);
}

}  // namespace
}  // namespace tendril
