// SPDX-License-Identifier: MIT

#include <tendril/socket.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>

#include "base/sys.hpp"
#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

struct Pair {
    Listener listener;
    TcpSocket client;
    TcpSocket server;

    explicit Pair(std::string_view at = "127.0.0.1:0") : listener(listen(at)) {
        client = connect(listener.address());
        server = listener.accept();
    }
};

TENDRIL_TEST(Socket, CarriesBytesOverEveryFamily) {
    for (const char* at : {"127.0.0.1:0", "[::1]:0", "unix:@tendril-socket-test"}) {
        SCOPED_TRACE(at);
        Pair p(at);
        p.client.send_all("hello");
        std::string got(5, '\0');
        EXPECT_EQ(p.server.recv_exactly(got), 5u);
        EXPECT_EQ(got, "hello");
        EXPECT_EQ(p.client.peer_address(), p.listener.address());
        p.client.close();
        EXPECT_EQ(p.server.recv(got), 0u) << "the end of the stream is a value";
    }
}

// TI01
TENDRIL_TEST(Socket, IsFullDuplex) {
    Pair p;
    const std::string data(8 << 20, 'x');
    const auto send = [&](TcpSocket& s) {
        s.send_all(data);
        s.shutdown(Shutdown::write);
    };
    const auto receive = [&](TcpSocket& s) {
        std::vector<char> buffer(64 << 10);
        std::size_t total = 0;
        while (const std::size_t n = s.recv(buffer)) {
            total += n;
        }
        return total;
    };
    auto a = spawn(send, std::ref(p.client));
    auto b = spawn(send, std::ref(p.server));
    auto c = spawn(receive, std::ref(p.client));
    EXPECT_EQ(receive(p.server), data.size());
    EXPECT_EQ(c.get(), data.size());
    a.get();
    b.get();
}

// TI02, TI04
TENDRIL_TEST(Socket, WorksOnAfterATimedOutRead) {
    Pair p;
    char c = 0;
    EXPECT_THROW(p.server.recv({&c, 1}, 1ms), TimeoutError);
    p.client.send_all("a");
    EXPECT_EQ(p.server.recv({&c, 1}, 0ms), 1u) << "data that is there is read even after the deadline";
    p.server.send_all("b");
    EXPECT_EQ(p.client.recv({&c, 1}), 1u);
    EXPECT_EQ(c, 'b');
}

// TI03
TENDRIL_TEST(Socket, SendAllHasOneDeadlineForTheWhole) {
    Pair p;
    auto trickle = spawn([&] {
        std::vector<char> buffer(1 << 10);
        for (;;) {
            p.client.recv(buffer);  // each read makes room for a little more
            sleep(1ms);
        }
    });
    const std::string data(64 << 20, 'x');
    try {
        p.server.send_all(data, 50ms);
        ADD_FAILURE() << "64 MiB went out";
    } catch (const TimeoutError& e) {
        EXPECT_GT(e.done(), 0u);
        EXPECT_LT(e.done(), data.size());
    }
    trickle.kill();
}

TENDRIL_TEST(Socket, RecvExactlySaysHowMuchCameBeforeTheDeadlineOrTheEnd) {
    Pair p;
    p.client.send_all("abc");
    std::string got(8, '\0');
    try {
        p.server.recv_exactly(got, 5ms);
        ADD_FAILURE();
    } catch (const TimeoutError& e) {
        EXPECT_EQ(e.done(), 3u);
    }
    p.client.send_all("de");
    p.client.close();
    EXPECT_EQ(p.server.recv_exactly(got), 2u);
}

// TC01, TI06
TENDRIL_TEST(ConformanceC, TC01_ClosingASocketWakesItsWaiter) {
    Pair p;
    auto reader = spawn([&] {
        char c;
        return errno_of([&] { p.server.recv({&c, 1}); });
    });
    yield();
    p.server.close();
    EXPECT_EQ(reader.get(), EBADF);
    EXPECT_EQ(errno_of([&] { p.server.send("x"); }), EBADF);
    p.server.close();  // idempotent
    yield();           // the loop goes on
}

TENDRIL_TEST(Socket, AReusedNumberNeverWakesTheOldOnesWaiters) {
    Pair p;
    auto reader = spawn([&] {
        char c;
        return errno_of([&] { p.server.recv({&c, 1}); });
    });
    yield();
    const int number = p.server.fd();
    p.server.close();
    Pair next;  // takes over the number before the reader has run
    EXPECT_TRUE(next.client.fd() == number || next.server.fd() == number || next.listener.fd() == number);
    next.client.send_all("for the new one");
    EXPECT_EQ(reader.get(), EBADF);
    std::string got(15, '\0');
    EXPECT_EQ(next.server.recv_exactly(got), 15u);
    EXPECT_EQ(got, "for the new one");
}

// After the edge and before the reader's turn, the socket is closed and another one takes its slot.
TENDRIL_TEST(Socket, ClosedBetweenTheEdgeAndTheReadersTurn) {
    Pair p;
    Pair other;
    int result = -1;
    auto reader = spawn([&] {
        char c;
        result = errno_of([&] { p.server.recv({&c, 1}); });
    });
    auto closer = spawn([&] {
        char c;
        other.server.recv({&c, 1});
        p.server.close();
        other.server = TcpSocket();
    });
    yield();
    other.client.send_all("x");
    p.client.send_all("y");  // one poll reports both edges; the closer's descriptor may be first
    reader.join();
    closer.join();
    EXPECT_TRUE(result == 0 || result == EBADF) << result;
}

// TI06, TI09
TENDRIL_TEST(Socket, ASecondReaderIsRefusedAndTheFirstUnharmed) {
    Pair p;
    auto first = spawn([&] {
        char c;
        return p.server.recv({&c, 1});
    });
    yield();
    char c;
    EXPECT_THROW(p.server.recv({&c, 1}), ConcurrentUse);
    p.server.send_all("a writer is fine");
    p.client.send_all("x");
    EXPECT_EQ(first.get(), 1u);
}

// Between the first writer's edge and its turn, a second one must not get its bytes into the middle.
TENDRIL_TEST(Socket, ASecondWriterNeverGetsIntoTheFirstOnesBytes) {
    Pair p;
    const std::string data(4 << 20, 'A');
    auto first = spawn([&] { p.server.send_all(data); });
    yield();
    bool refused = false;
    auto second = spawn([&] {
        while (!first.ready()) {
            try {
                p.server.send_all("b");
                EXPECT_TRUE(first.ready()) << "sent while the first was still sending";
            } catch (const ConcurrentUse&) {
                refused = true;
            }
            yield();
        }
    });
    std::string got(data.size(), 0);
    EXPECT_EQ(p.client.recv_exactly(got), got.size());
    EXPECT_EQ(got, data);
    first.get();
    second.get();
    EXPECT_TRUE(refused);
}

TENDRIL_TEST(Socket, UrgentDataLosesNoWakeUp) {
    Pair p;
    auto reader = spawn([&] {
        std::string all;
        char buffer[64];
        while (all.size() < 5) {
            const std::size_t n = p.server.recv(buffer, 1s);
            all.append(buffer, n);
        }
        return all;
    });
    yield();
    p.client.send_all("ab");
    ::send(p.client.fd(), "!", 1, MSG_OOB);
    p.client.send_all("cde");
    EXPECT_EQ(reader.get(), "abcde");
}

// TI05
TENDRIL_TEST(Socket, ConnectFailsWithTheAddressInItsText) {
    const Address nobody = listen("127.0.0.1:0").address();  // closed again
    try {
        connect(nobody);
        ADD_FAILURE();
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::connection_refused);
        EXPECT_NE(std::string(e.what()).find(nobody.to_string()), std::string::npos) << e.what();
    }
    EXPECT_EQ(errno_of([] { connect("unix:/nowhere/at/all"); }), ENOENT);
}

TENDRIL_TEST(Socket, AKilledConnectLeavesNoDescriptor) {
    Listener full = listen("unix:@tendril-full", {.backlog = 0});
    std::vector<TcpSocket> fillers;
    for (;;) {
        TcpSocket filler;
        if (!with_timeout(5ms, [&] { filler = connect(full.address()); })) {
            break;  // the backlog is full, so connect() waits
        }
        fillers.push_back(std::move(filler));
        ASSERT_LT(fillers.size(), 100u);
    }
    auto stuck = spawn([&] { connect(full.address()); });
    yield();
    EXPECT_TRUE(stuck.kill());
    EXPECT_TRUE(stuck.killed());
    EXPECT_THROW(connect(full.address(), 1ms), TimeoutError);
    auto patient = spawn([&] { return connect(full.address()); });
    yield();
    full.accept();
    patient.get();
}

TENDRIL_TEST(Socket, APortInUseIsAnErrorThatNamesIt) {
    Listener taken = listen("127.0.0.1:0");
    try {
        listen(taken.address());
        ADD_FAILURE();
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::address_in_use);
        EXPECT_NE(std::string(e.what()).find(taken.address().to_string()), std::string::npos) << e.what();
    }
}

TENDRIL_TEST(Socket, ABrokenPipeIsAnErrorNotASignal) {
    Pair p;
    p.client.close();
    const int error = errno_of([&] {
        for (int i = 0; i < 1000; ++i) {
            p.server.send_all(std::string(64 << 10, 'x'));
        }
    });
    EXPECT_TRUE(error == EPIPE || error == ECONNRESET) << error;
}

TEST(SocketThreads, OneThatOutlivesItsHubWasClosedByIt) {
    const std::size_t before = testing::count_descriptors();
    TcpSocket kept;
    std::thread([&] {
        Pair p;
        kept = std::move(p.client);
    }).join();
    EXPECT_EQ(testing::count_descriptors(), before);
    EXPECT_THROW(kept.send("x"), WrongThread);
    ::testing::internal::CaptureStderr();
    kept.close();
    EXPECT_NE(::testing::internal::GetCapturedStderr().find("closed on OS thread"), std::string::npos);
}

TENDRIL_TEST(SocketThreads, AForeignOsThreadIsRefusedAndNamed) {
    Pair p;
    std::string what;
    std::thread([&] {
        try {
            p.client.send("x");
        } catch (const WrongThread& e) {
            what = e.what();
        }
    }).join();
    EXPECT_NE(what.find("a socket belongs to OS thread "), std::string::npos) << what;
}

TENDRIL_TEST(Listener, AcceptHonoursItsDeadlineAndAKill) {
    Listener listener = listen("127.0.0.1:0");
    EXPECT_THROW(listener.accept(1ms), TimeoutError);
    EXPECT_FALSE(listener.try_accept().has_value());
    auto stuck = spawn([&] { listener.accept(); });
    yield();
    EXPECT_TRUE(stuck.kill());
    TcpSocket client = connect(listener.address());
    Address peer;
    TcpSocket accepted = listener.accept(peer);
    EXPECT_EQ(peer, client.local_address());
}

// A green thread whose reads all succeed at once must not keep others from running.
TENDRIL_TEST(Socket, CallsThatNeverWaitLetOthersRun) {
    Pair p;
    bool other_ran = false;
    auto other = spawn([&] { other_ran = true; });
    char c = 'x';
    for (int i = 0; i < 2000 && !other_ran; ++i) {
        p.client.send_all({&c, 1});
        p.server.recv({&c, 1});
    }
    EXPECT_TRUE(other_ran);
    other.join();
}

TENDRIL_TEST(Socket, AConnectionThatNeverSendsDisturbsNobody) {
    Pair silent;
    Pair busy;
    auto stuck = spawn([&] {
        char c;
        silent.server.recv({&c, 1});
    });
    for (int i = 0; i < 1000; ++i) {
        busy.client.send_all("x");
        char c;
        ASSERT_EQ(busy.server.recv({&c, 1}), 1u);
    }
    stuck.kill();
}

// Every byte must arrive, no matter how often the system answers with short counts, EINTR and EAGAIN.
TENDRIL_TEST(Socket, SurvivesEintrAndEagain) {
    Pair p;
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        static unsigned n = 0;
        if (call != sys::Call::recv && call != sys::Call::send && call != sys::Call::epoll_wait &&
            call != sys::Call::poll && call != sys::Call::select && call != sys::Call::io_uring_enter) {
            return 0;
        }
        return ++n % 3 == 0 ? EINTR : 0;
    });
    auto echo = spawn([&] {
        std::vector<char> buffer(777);
        while (const std::size_t n = p.server.recv(buffer)) {
            p.server.send_all({buffer.data(), n});
        }
    });
    const std::string data(100'000, 'q');
    auto sender = spawn([&] { p.client.send_all(data); });
    std::string got(data.size(), '\0');
    EXPECT_EQ(p.client.recv_exactly(got), data.size());
    sys::set_fault_hook(nullptr);
    EXPECT_EQ(got, data);
    sender.get();
    p.client.close();
    echo.get();
}

TENDRIL_TEST(Socket, AnOptionsNumberIsNeverCutToFit) {
    auto [a, b] = TcpSocket::pair();
    EXPECT_THROW(a.set(option::receive_buffer, 5'000'000'000), std::invalid_argument);
    EXPECT_THROW(a.set(option::priority, 1u << 31), std::invalid_argument);
    EXPECT_THROW(listen("127.0.0.1:0", {.backlog = -1}), std::invalid_argument);
    a.set(option::send_buffer, std::size_t{65536});
    a.set(option::linger, 0s);
    a.set(option::linger, {});
    EXPECT_EQ(a.get(option::linger), std::nullopt);
}

TENDRIL_TEST(Socket, ALoopThatNeverWaitsAsksItsDeadlineAndLetsOthersRun) {
    const testing::Faults pieces(testing::SeededFaults{.seed = 1, .short_percent = 100});
    auto [a, b] = TcpSocket::pair();
    bool ran = false;
    const std::string much(100'000, 'x');
    auto sender = spawn([&from = a, &much] { from.send_all(much); });
    auto other = spawn([&] { ran = true; });
    std::string got(much.size(), ' ');
    EXPECT_EQ(b.recv_exactly(got), much.size());
    EXPECT_TRUE(ran);
    sender.get();
    auto [c, d] = TcpSocket::pair();
    c.send_all({much.data(), 1000});
    try {
        d.recv_exactly({got.data(), 1000}, 0s);  // arrives in pieces, each at once
        FAIL() << "beyond its deadline";
    } catch (const TimeoutError& e) {
        EXPECT_GT(e.done(), 0u) << "the first try is never refused";
        EXPECT_LT(e.done(), 1000u);
    }
    other.join();
}

TENDRIL_TEST(Socket, HasOptionsWithTypes) {
    Listener listener = listen("[::1]:0", {.v6_only = true});
    EXPECT_TRUE(listener.get(option::v6_only));
    TcpSocket socket = connect(listener.address());
    EXPECT_TRUE(socket.get(option::no_delay));
    socket.set(option::no_delay, false);
    EXPECT_FALSE(socket.get(option::no_delay));
    socket.set(option::keep_alive_idle, 30s);
    EXPECT_EQ(socket.get(option::keep_alive_idle), 30s);
    socket.set(option::user_timeout, 1500ms);
    EXPECT_EQ(socket.get(option::user_timeout), 1500ms);
    EXPECT_EQ(socket.get(option::linger), std::nullopt);
    socket.set(option::linger, 0s);
    EXPECT_EQ(socket.get(option::linger), 0s);
    EXPECT_EQ(socket.get(option::kind), SOCK_STREAM);
    EXPECT_THROW(socket.set(option::keep_alive_idle, -1s), std::invalid_argument);
    auto pair = TcpSocket::pair();  // not a binding: Clang 14 captures none
    EXPECT_EQ(errno_of([&] { pair.first.set(option::no_delay, true); }), EOPNOTSUPP);
    EXPECT_EQ(pair.first.peer_credentials().process, ::getpid());
}

TENDRIL_TEST(Socket, TakesOverADescriptorAndGivesItBack) {
    Listener listener(listen("127.0.0.1:0").release());
    TcpSocket client(connect(listener.address()).release());
    TcpSocket server = listener.accept();
    TcpSocket copy = client.duplicate();
    client.close();
    copy.send_all("x");
    char c = 0;
    EXPECT_EQ(server.recv({&c, 1}), 1u) << "the connection lives as long as its last descriptor";
    EXPECT_EQ(errno_of([&] { Listener wrong(copy.release()); }), EPROTOTYPE);
    EXPECT_EQ(server.recv({&c, 1}), 0u) << "and has ended with it";
    EXPECT_EQ(errno_of([&] { TcpSocket wrong(listener.release()); }), EPROTOTYPE);
    EXPECT_EQ(errno_of([&] { TcpSocket wrong{Fd()}; }), EBADF);
}

TENDRIL_TEST(Listener, ReplacesTheFileOfAServerThatIsGone) {
    const std::string path = "/tmp/tendril-stale-" + std::to_string(::getpid());
    const std::string at = "unix:" + path;
    { const Listener gone = listen(at); }
    EXPECT_EQ(errno_of([&] { listen(at); }), EADDRINUSE);
    Listener alive = listen(at, {.replace_socket_file = true});
    TcpSocket client = connect(at, 10s);
    EXPECT_EQ(errno_of([&] { listen(at, {.replace_socket_file = true}); }), EADDRINUSE) << "a server listens there";
    alive.close();
    ::unlink(path.c_str());
    Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    EXPECT_EQ(errno_of([&] { listen(at, {.replace_socket_file = true}); }), EADDRINUSE) << "not a socket";
    EXPECT_EQ(::unlink(path.c_str()), 0) << "the file is still there";
}

}  // namespace
}  // namespace tendril
