// SPDX-License-Identifier: MIT

#include <tendril/select.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/timeout.hpp>

#include "base/sys.hpp"
#include "errno_of.hpp"
#include "green_test.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::Pipe;

TENDRIL_TEST(Select, WaitsForADescriptorOfSomebodyElse) {
    const Pipe p;
    const auto writer = spawn([&] { p.write(); });
    wait_readable(p.reader.get());
    EXPECT_TRUE(writer.ready());
    wait_readable(p.reader.get(), 0s);
    wait_writable(p.writer.get(), 0s);
    p.fill();
    const auto reader = spawn([&] { p.drain(); });
    wait_writable(p.writer.get());
    EXPECT_TRUE(reader.ready());
    EXPECT_THROW(wait_readable(p.reader.get(), 1ms), TimeoutError);
    EXPECT_EQ(errno_of([] { wait_readable(-1); }), EBADF);
}

TENDRIL_TEST(Select, ASecondWaiterInTheSameDirectionIsRefusedAndTheFirstUnharmed) {
    const Pipe p;
    const auto first = spawn([&] { wait_readable(p.reader.get()); });
    yield();
    EXPECT_THROW(wait_readable(p.reader.get()), ConcurrentUse);
    EXPECT_FALSE(first.ready());
    p.write();
    first.get();
}

TENDRIL_TEST(Select, ClosingWakesWhoWaitsForTheNumber) {
    Pipe p;
    const int fd = p.reader.get();
    const auto waiter = spawn([&] { return errno_of([&] { wait_readable(fd); }); });
    const auto poller = spawn([&] {
        std::array fds{PollFd{fd, POLLIN, 0}};
        EXPECT_EQ(poll(fds), 1u);
        EXPECT_EQ(fds[0].fd, fd);
        return int{fds[0].revents};
    });
    yield();
    closing(fd);
    p.reader.close();
    Pipe again;  // takes over the number, and must not be polled in its place
    ASSERT_EQ(again.reader.get(), fd);
    again.write();
    EXPECT_EQ(waiter.get(), EBADF);
    EXPECT_EQ(poller.get(), POLLNVAL);
}

TENDRIL_TEST(Select, TellsTheThreeSetsInTheOrderOfTheLists) {
    const Pipe idle;
    const Pipe busy;
    const Pipe full;
    busy.write();
    full.fill();
    const std::vector<int> readers{full.reader.get(), idle.reader.get(), busy.reader.get()};
    const std::vector<int> writers{full.writer.get(), idle.writer.get()};
    const auto [readable, writable, exceptional] = select(readers, writers, readers);
    EXPECT_EQ(readable, (std::vector{full.reader.get(), busy.reader.get()}));
    EXPECT_EQ(writable, (std::vector{idle.writer.get()}));
    EXPECT_TRUE(exceptional.empty());
}

TENDRIL_TEST(Select, TakesNumbersSocketsAndPointersToThem) {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
    const Pipe p;
    const std::vector<TcpSocket*> pointers{&client};
    const auto [readable, writable, exceptional] = select({listener, p.reader, client.fd()}, pointers, pointers);
    EXPECT_TRUE(readable.empty() && exceptional.empty());
    EXPECT_EQ(writable, (std::vector{client.fd()}));
    EXPECT_EQ(errno_of([&] { select({listener, Fd()}, {}, {}); }), EBADF) << "a closed descriptor";
}

TENDRIL_TEST(Select, WaitsUntilOneIsReady) {
    Listener listener = listen("127.0.0.1:0");
    std::vector<std::unique_ptr<TcpSocket>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<TcpSocket>(connect(listener.address())));
    }
    std::vector<TcpSocket> servers;
    for (std::size_t i = 0; i < clients.size(); ++i) {
        servers.push_back(listener.accept());
    }
    const auto sender = spawn([&] {
        sleep(1ms);
        servers[7].send_all("x");
    });
    const Selected found = select(clients, {}, clients);
    EXPECT_EQ(found.readable, (std::vector{clients[7]->fd()}));
    sender.get();
    EXPECT_EQ(select({}, servers, {}).writable.size(), servers.size());
    EXPECT_EQ(select({listener, *clients[7]}, {}, {}).readable, (std::vector{clients[7]->fd()}));
}

TENDRIL_TEST(Select, ATimeoutReturnsThreeEmptySets) {
    const Pipe p;
    for (const Deadline deadline : {Deadline(0s), Deadline(1ms)}) {
        const Selected none = select({p.reader}, {}, {p.reader}, deadline);
        EXPECT_TRUE(none.readable.empty() && none.writable.empty() && none.exceptional.empty());
    }
    const auto begin = std::chrono::steady_clock::now();
    select({}, {}, {}, 2ms);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 2ms) << "without descriptors it sleeps";
}

TENDRIL_TEST(Select, WithNoTimeAtAllItLetsOthersRun) {
    const Pipe p;
    const auto writer = spawn([&] { p.write(); });
    EXPECT_EQ(select({p.reader}, {}, {}, 0s).readable.size(), 1u);
    writer.get();
}

TENDRIL_TEST(Select, SeveralMayLookAtOneDescriptorAndOneMayReadIt) {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
    const auto look = [&] { return select({client}, {}, {}).readable.size(); };
    const auto first = spawn(look);
    const auto second = spawn(look);
    const auto reader = spawn([&] {
        char c = 0;
        return client.recv({&c, 1});
    });
    yield();
    server.send_all("xx");
    EXPECT_EQ(first.get(), 1u);
    EXPECT_EQ(second.get(), 1u);
    EXPECT_EQ(reader.get(), 1u);
}

TENDRIL_TEST(Select, WhatIsReadyForNobodyDoesNotWake) {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
    const auto selector = spawn([&] { return select({client}, {}, {}).readable.size(); });  // it is writable
    server.recv_exactly({}, 0s);
    sleep(2ms);
    EXPECT_FALSE(selector.ready());
    server.close();
    EXPECT_EQ(selector.get(), 1u) << "the end of the stream is readable";
}

TENDRIL_TEST(Select, UrgentDataIsExceptional) {
    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    TcpSocket server = listener.accept();
    const auto sender = spawn([&] { EXPECT_EQ(::send(server.fd(), "!", 1, MSG_OOB), 1); });
    EXPECT_EQ(select({}, {}, {client}).exceptional.size(), 1u);
    sender.get();
}

TENDRIL_TEST(Select, AHangUpEndsAnyWait) {
    Pipe p;
    const auto closer = spawn([&] {
        sleep(1ms);  // until the other one sleeps in the backend
        p.writer.close();
    });
    EXPECT_EQ(select({}, {}, {p.reader}).exceptional.size(), 1u);
    std::array fds{PollFd{p.reader.get(), 0, 0}};
    EXPECT_EQ(poll(fds), 1u);
    EXPECT_EQ(fds[0].revents, POLLHUP);
    closer.get();
}

TENDRIL_TEST(Select, PollPassesOverNegativeNumbersAndTellsTheClosedOnes) {
    Pipe closed;
    const int gone = closed.reader.get();
    closed.reader.close();
    const Pipe p;
    std::array fds{PollFd{-1, POLLIN, 7}, PollFd{gone == p.reader.get() ? 999 : gone, POLLIN, 0},
                   PollFd{p.writer.get(), POLLOUT, 0}};
    EXPECT_EQ(poll(fds), 2u);
    EXPECT_EQ(fds[0].revents, 0);
    EXPECT_EQ(fds[1].revents, POLLNVAL);
    EXPECT_EQ(fds[2].revents, POLLOUT);
    std::array none{PollFd{-1, POLLIN, 0}};
    EXPECT_EQ(poll(none, 1ms), 0u);
}

TENDRIL_TEST(Select, AFileIsAlwaysReadyAndNeverExceptional) {
    const Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(select({file}, {}, {}).readable.size(), 1u);
    wait_readable(file.get());
    EXPECT_EQ(select({}, {}, {file}, 1ms).exceptional.size(), 0u);
}

TENDRIL_TEST(Select, TheSystemsRefusalIsThrownAndLeavesNothing) {
    const Pipe p;
    sys::set_fault_hook(
        [](sys::Call call, int) noexcept -> sys::Fault { return call == sys::Call::poll ? ENOMEM : 0; });
    EXPECT_EQ(errno_of([&] { select({p.reader}, {}, {}); }), ENOMEM);
    sys::set_fault_hook(nullptr);
}

TENDRIL_TEST(Select, ACallbackMustNotWait) {
    const Pipe p;
    const auto g = spawn([] {});
    const Link link = g.link([&](const AnyGreenlet&) { select({p.reader}, {}, {}, 0s); });
    g.join();
    yield();
    const auto errors = testing::take_unhandled();
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_NE(errors[0].find("must not wait"), std::string::npos);
}

}  // namespace
}  // namespace tendril
