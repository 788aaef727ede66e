// SPDX-License-Identifier: MIT

#include <tendril/duplex.hpp>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pipe.hpp>
#include <tendril/socket.hpp>

#include "errno_of.hpp"
#include "folder.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

// A pseudo-terminal: the master, and the other side's name. Raw, so that bytes pass as they are.
struct Terminal {
    Fd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    std::string name;

    Terminal() {
        EXPECT_EQ(::grantpt(master.get()), 0);
        EXPECT_EQ(::unlockpt(master.get()), 0);
        name = ::ptsname(master.get());
        termios mode{};
        ::tcgetattr(master.get(), &mode);
        ::cfmakeraw(&mode);
        ::tcsetattr(master.get(), TCSANOW, &mode);
    }
};

TENDRIL_TEST(Duplex, ATerminalByNameBothWays) {
    Terminal terminal;
    Duplex side = open_duplex(terminal.name);
    Duplex master(std::move(terminal.master));
    auto echo = spawn([&] {
        BufferedReader in(side);
        for (int i = 0; i < 3; ++i) {
            side.send_all(in.read_line(20s).value() + "!\n", 20s);
        }
    });
    BufferedReader answers(master);
    for (const std::string text : {"one", "two", "three"}) {
        master.send_all(text + "\n", 20s);
        EXPECT_EQ(answers.read_line(20s), text + "!");
    }
    echo.get();
    EXPECT_NE(::fcntl(side.fd(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::isatty(side.fd()), 0);
}

TENDRIL_TEST(Duplex, WaitsInBothDirections) {
    Terminal terminal;
    Duplex side = open_duplex(terminal.name);
    Duplex master(std::move(terminal.master));
    char buffer[100];
    EXPECT_THROW(side.recv(buffer, 1ms), TimeoutError);
    EXPECT_THROW(side.await_data(1ms), TimeoutError);
    auto reader = spawn([&] { side.recv(buffer); });
    testing::until_waiting_for_io(1);
    EXPECT_THROW(side.recv(buffer), ConcurrentUse);
    const std::string much(100'000, 'x');
    std::size_t sent = 0;
    try {
        side.send_all(much, 0s);  // while the other one reads
        ADD_FAILURE() << "nobody reads it";
    } catch (const TimeoutError& e) {
        sent = e.done();
    }
    EXPECT_GT(sent, 0u);
    reader.kill();
    auto writer = spawn([&] { side.send_all(much, 20s); });
    testing::until_waiting_for_io(1);
    std::vector<char> got(sent + much.size());
    EXPECT_EQ(master.recv_exactly(got, 20s), got.size());
    writer.get();
    master.send_all("kept");
    side.await_data(20s);
    EXPECT_EQ(side.recv(buffer, 20s), 4u) << "a kill took nothing";
    auto closed = spawn([&] { return errno_of([&] { side.recv(buffer); }); });
    testing::until_waiting_for_io(1);
    side.close();
    EXPECT_EQ(closed.get(), EBADF);
    EXPECT_EQ(errno_of([&] { side.recv(buffer); }), EBADF);
    EXPECT_EQ(errno_of([&] { master.recv(buffer, 20s); }), EIO) << "no process has the other side open";
}

TENDRIL_TEST(Duplex, AFifoHasNoEnd) {
    const testing::TemporaryFolder folder;
    const std::string path = folder.path("fifo");
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    Duplex server = open_duplex(path);  // does not wait for the other side
    PipeWriter client(Fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC)));
    client.send_all("request");
    char buffer[100];
    EXPECT_EQ(server.recv(buffer, 20s), 7u);
    client.close();
    EXPECT_THROW(server.recv(buffer, 1ms), TimeoutError) << "it would otherwise be the end";
    server.send_all("to itself");
    EXPECT_TRUE(server.ready());
    EXPECT_EQ(server.recv(buffer, 20s), 9u);
    EXPECT_EQ(errno_of([&] { server.shutdown(Shutdown::write); }), EOPNOTSUPP);
    Duplex again(server.release());
    EXPECT_FALSE(server.is_open());
    again.send("x");
    EXPECT_EQ(again.recv(buffer, 20s), 1u);
}

TENDRIL_TEST(Duplex, RefusesWhatItCannotWaitFor) {
    const testing::TemporaryFolder folder;
    const std::string path = folder.path("file");
    EXPECT_EQ(errno_of([&] { open_duplex(path); }), ENOENT);
    const Fd file(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    EXPECT_EQ(errno_of([&] { open_duplex(path); }), EPROTOTYPE);
    EXPECT_EQ(errno_of([&] { open_duplex(std::string("/dev/null\0x", 11)); }), EINVAL);
    EXPECT_EQ(errno_of([] { Duplex{TcpSocket::pair().first.release()}; }), EPROTOTYPE);
    EXPECT_EQ(errno_of([] { Duplex{Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC))}; }), EBADF);
    EXPECT_EQ(errno_of([] { Duplex{Fd()}; }), EBADF);
    char c = 0;
    EXPECT_EQ(open_duplex("/dev/null").recv({&c, 1}, 20s), 0u);
}

}  // namespace
}  // namespace tendril
