// SPDX-License-Identifier: MIT

#include <tendril/file.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>

#include "certificates.hpp"
#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::TemporaryFile;

std::string rest_of(Source& source) {
    std::string all;
    char buffer[1000];
    while (const std::size_t n = source.recv(buffer)) {
        all.append(buffer, n);
    }
    return all;
}

TENDRIL_TEST(File, APathIsNotCutAtAZeroByte) {
    EXPECT_THROW(File::open(std::string("/dev/null\0.png", 14)), std::invalid_argument);
}

TENDRIL_TEST(File, ReadsAndWritesWhereItIs) {
    const TemporaryFile there("0123456789");
    File file = File::open(there.path(), FileMode::read_write);
    char three[3];
    EXPECT_EQ(file.recv_exactly(three), 3u);
    EXPECT_EQ(file.position(), 3u);
    file.send_all("ABC");
    EXPECT_EQ(file.read_at(8, three), 2u);
    EXPECT_EQ(file.write_at(0, "x"), 1u);
    file.seek(0);
    EXPECT_EQ(rest_of(file), "x12ABC6789");
    EXPECT_EQ(file.size(), 10u);
    file.truncate(4);
    file.sync();
    EXPECT_EQ(there.content(), "x12A");
    File::open(there.path(), FileMode::append).send_all("end");
    EXPECT_EQ(there.content(), "x12Aend");
    File::open(there.path(), FileMode::write).send_all("new");
    EXPECT_EQ(there.content(), "new");
    EXPECT_EQ(errno_of([&] { File::open(there.path(), FileMode::create); }), EEXIST);
    file.close();
    EXPECT_EQ(errno_of([&] { file.recv(three); }), EBADF);
}

TENDRIL_TEST(File, ErrorsNameThePath) {
    try {
        File::open("/nonexistent/file");
        ADD_FAILURE() << "the file does not exist";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code().value(), ENOENT);
        EXPECT_NE(std::string(e.what()).find("/nonexistent/file"), std::string::npos);
    }
    const TemporaryFile there("x");
    File file = File::open(there.path());
    EXPECT_EQ(errno_of([&] { file.send("y"); }), EBADF) << "it was opened for reading";
    const testing::Faults faults(
        {{.call = sys::Call::pread, .fault = EINTR}, {.call = sys::Call::pread, .fault = EIO}});
    char c = 0;
    EXPECT_EQ(errno_of([&] { file.recv({&c, 1}); }), EIO);
}

TENDRIL_TEST(File, OneThatIsKilledLeavesThePositionAndNothingElse) {
    const TemporaryFile there("0123456789");
    File file = File::open(there.path());
    sys::Fault slow;
    slow.delay_ns = 20'000'000;
    {
        const testing::Faults faults({{.call = sys::Call::pread, .fault = slow}});
        auto killed = spawn([&] {
            char buffer[5];
            file.recv(buffer);
        });
        yield();
        killed.kill();
        EXPECT_EQ(file.position(), 0u);
        char c = 0;
        EXPECT_EQ(file.recv({&c, 1}), 1u);
        EXPECT_EQ(c, '0');
        testing::until_keeping_alive(0);  // the killed one's job has ended
    }
}

TENDRIL_TEST(File, SocketsSendItWhole) {
    std::string text(3'000'000, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = static_cast<char>(i * 7 >> 3);
    }
    const TemporaryFile there(text);
    File file = File::open(there.path());
    for (const int error : {0, EINVAL}) {  // by the kernel; by copying, if the kernel refuses
        Listener listener = listen("127.0.0.1:0");
        TcpSocket out = connect(listener.address());
        TcpSocket in = listener.accept();
        auto sender = spawn([&] {
            EXPECT_EQ(out.send_file(file, 10, 2'000'000), 2'000'000u);
            EXPECT_EQ(out.send_file(file, text.size() - 5, 100), 5u) << "there is no more";
            out.close();
        });
        const testing::Faults faults({{.call = sys::Call::sendfile, .times = error == 0 ? 0u : 9u, .fault = error}});
        EXPECT_EQ(rest_of(in), text.substr(10, 2'000'000) + text.substr(text.size() - 5));
        sender.get();
    }
    auto [a, b] = TcpSocket::pair();
    try {
        a.send_file(file, 0, text.size(), 2ms);
        ADD_FAILURE() << "the peer does not read";
    } catch (const TimeoutError& e) {
        std::string got(e.done(), '\0');
        EXPECT_EQ(b.recv_exactly(got, 10s), e.done());
        EXPECT_EQ(got, text.substr(0, e.done()));
    }
}

// sendfile(2) has no flag against SIGPIPE, which kills a program that does not ignore it, as this one does not.
TENDRIL_TEST(File, SendingItToOneWhoIsGoneIsAnErrorAndNoSignal) {
    const TemporaryFile there("text");
    File file = File::open(there.path());
    auto ends = TcpSocket::pair();
    ends.second.close();
    EXPECT_EQ(errno_of([&] { ends.first.send_file(file, 0, 4); }), EPIPE);
}

TENDRIL_TEST(File, IsNoPipe) {
    const TemporaryFile there("");
    const std::string path = there.path() + ".fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(errno_of([&] { File::open(path, FileMode::read, 0, 10s); }), ESPIPE) << "without a writer it would wait";
    ::unlink(path.c_str());
    EXPECT_EQ(errno_of([] { File::open("/", FileMode::read_write); }), EISDIR);
}

}  // namespace
}  // namespace tendril
