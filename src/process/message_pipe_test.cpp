// SPDX-License-Identifier: MIT

#include <tendril/message_pipe.hpp>

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/pipe.hpp>
#include <tendril/process.hpp>
#include <tendril/timeout.hpp>

#include "base/sys.hpp"
#include "children.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;

std::string received(MessagePipe& pipe) {
    std::optional<Message> message = pipe.recv();
    return message ? message->bytes : "the end";
}

// One end, and the raw socket that it talks to.
struct Raw {
    MessagePipe pipe;
    Fd raw;

    explicit Raw(const MessagePipeOptions& options = {}) {
        int ends[2];
        if (sys::unix_pair(ends) == 0) {
            pipe = MessagePipe::from_fd(ends[0], options);
            raw = Fd(ends[1]);
        }
    }
    void write(const std::string& bytes) const {
        EXPECT_EQ(sys::send(raw.get(), bytes.data(), bytes.size(), MSG_DONTWAIT), static_cast<ssize_t>(bytes.size()));
    }
};

TENDRIL_TEST(MessagePipe, CarriesMessagesBothWaysAndTheEnd) {
    auto [a, b] = MessagePipe::pair();
    a.send("one");
    a.send("");
    a.send(std::string("t\0o", 3));
    b.send("back");
    EXPECT_EQ(received(b), "one");
    EXPECT_EQ(received(b), "");
    EXPECT_EQ(received(b), std::string("t\0o", 3));
    EXPECT_EQ(received(a), "back");
    a.send("last");
    a.shutdown(Shutdown::write);
    EXPECT_EQ(received(b), "last");
    EXPECT_EQ(received(b), "the end");
    EXPECT_EQ(received(b), "the end");
    b.send("still");
    EXPECT_EQ(received(a), "still");
    a.close();
    a.close();
    EXPECT_FALSE(a.is_open());
    EXPECT_EQ(a.fd(), -1);
    EXPECT_EQ(errno_of([&a = a] { a.send("x"); }), EBADF);
    EXPECT_EQ(errno_of([&b = b] { b.send("x"); }), EPIPE);
    EXPECT_EQ(errno_of([] { MessagePipe().recv(); }), EBADF);
}

TENDRIL_TEST(MessagePipe, LongMessagesOfManySizesArriveWhole) {
    auto [a, b] = MessagePipe::pair();
    auto sending = spawn([&a = a] {
        for (std::size_t size = 1; size < (8u << 20); size = size * 3 + 1) {
            a.send(std::string(size, static_cast<char>(size)));
        }
        a.close();
    });
    for (std::size_t size = 1; size < (8u << 20); size = size * 3 + 1) {
        ASSERT_TRUE(received(b) == std::string(size, static_cast<char>(size))) << size;
    }
    EXPECT_EQ(received(b), "the end");
    sending.get();
}

TENDRIL_TEST(MessagePipe, PassesDescriptorsEachWithItsMessage) {
    auto [a, b] = MessagePipe::pair();
    Pipe first = make_pipe();
    Pipe second = make_pipe();
    a.send("none");
    a.send("one", {first.writer.fd()});
    a.send("", {second.writer.fd(), first.writer.fd()});
    a.send(std::string(100, 'x'), std::vector<int>(MessagePipe::max_fds, second.writer.fd()));
    first.writer.close();
    second.writer.close();

    EXPECT_EQ(b.recv()->fds.size(), 0u);
    Message one = *b.recv();
    ASSERT_EQ(one.fds.size(), 1u);
    EXPECT_EQ(sys::close_on_exec(one.fds[0].get()), 1);
    Message two = *b.recv();
    ASSERT_EQ(two.fds.size(), 2u);
    EXPECT_EQ(b.recv()->fds.size(), MessagePipe::max_fds);

    PipeWriter{std::move(one.fds[0])}.send_all("by the first ");
    PipeWriter{std::move(two.fds[1])}.send_all("and again");
    PipeWriter{std::move(two.fds[0])}.send_all("by the second");
    std::string got(22, '\0');
    EXPECT_EQ(first.reader.recv_exactly(got), 22u);
    EXPECT_EQ(got, "by the first and again");
    got.resize(13);
    EXPECT_EQ(second.reader.recv_exactly(got), 13u);
    EXPECT_EQ(got, "by the second");
    EXPECT_EQ(first.reader.recv(got), 0u) << "all copies are closed";
    EXPECT_EQ(second.reader.recv(got), 0u);

    EXPECT_THROW(a.send("x", std::vector<int>(MessagePipe::max_fds + 1, 0)), std::invalid_argument);
    EXPECT_EQ(errno_of([&a = a] { a.send("x", {9999}); }), EBADF);
    a.send("it goes on");
    EXPECT_EQ(received(b), "it goes on");
}

TENDRIL_TEST(MessagePipe, DescriptorsThatNobodyTakesAreClosed) {
    const std::size_t before = testing::count_descriptors();
    {
        auto [a, b] = MessagePipe::pair();
        const Pipe pipe = make_pipe();
        a.send("never read", {pipe.writer.fd()});
        a.send("read in part", {pipe.writer.fd()});
        b.recv();
        Raw raw;
        auto stuck = spawn([&] { raw.pipe.recv(); });
        // The length and a descriptor arrive, then nothing: the receiver is killed while it holds the descriptor.
        auto [c, d] = MessagePipe::pair();
        auto sending = spawn([&c = c, &pipe] { c.send(std::string(8 << 20, 'x'), {pipe.writer.fd()}); });
        auto receiving = spawn([&d = d] { d.recv(); });
        yield();
        receiving.kill();
        sending.kill();
        stuck.kill();
    }
    EXPECT_EQ(testing::count_descriptors(), before);
}

TENDRIL_TEST(MessagePipe, ARecvThatIsBrokenOffGoesOnWhereItWas) {
    Raw peer;
    peer.write(std::string("\x05\0", 2));
    EXPECT_THROW(peer.pipe.recv(1ms), TimeoutError);
    peer.write(std::string("\0\0he", 4));
    EXPECT_FALSE(with_timeout(1ms, [&] { peer.pipe.recv(1h); }));
    auto receiving = spawn([&] { peer.pipe.recv(); });
    testing::until_waiting_for_io(1);
    peer.write("l");
    yield();
    EXPECT_TRUE(receiving.kill());
    peer.write("lo");
    EXPECT_EQ(received(peer.pipe), "hello");
}

TENDRIL_TEST(MessagePipe, ASendThatIsBrokenOffInsideAMessageEndsThatDirection) {
    const std::string large(8 << 20, 'x');
    for (const bool killed : {false, true}) {
        auto [a, b] = MessagePipe::pair();
        a.send("before");
        if (killed) {
            auto sending = spawn([&a = a, &large] { a.send(large); });
            testing::until_waiting_for_io(1);
            EXPECT_TRUE(sending.kill());
            EXPECT_TRUE(sending.killed());
        } else {
            try {
                a.send(large, 1ms);
                ADD_FAILURE();
            } catch (const TimeoutError& e) {
                EXPECT_GT(e.done(), 0u);
            }
        }
        try {
            a.send("more");
            ADD_FAILURE() << "sent into the middle of a message";
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code().value(), EPIPE);
            EXPECT_NE(std::string(e.what()).find("broken off after"), std::string::npos) << e.what();
        }
        EXPECT_EQ(received(b), "before");
        EXPECT_EQ(errno_of([&b = b] { b.recv(); }), ECONNRESET);
        EXPECT_EQ(errno_of([&b = b] { b.recv(); }), ECONNRESET) << "from then on";
        b.send("the other way");
        EXPECT_EQ(received(a), "the other way");
    }
}

TENDRIL_TEST(MessagePipe, AShortSendGoesWholeOrNotAtAll) {
    auto [a, b] = MessagePipe::pair();
    const std::string text(32 << 10, 's');
    int sent = 0;
    for (bool full = false; !full;) {
        try {
            a.send(text, 1ms);
            ++sent;
        } catch (const TimeoutError& e) {
            EXPECT_EQ(e.done(), 0u);
            full = true;
        }
    }
    EXPECT_GT(sent, 1);
    EXPECT_FALSE(with_timeout(1ms, [&a = a, &text] { a.send(text); }));
    for (int i = 0; i < sent; ++i) {
        EXPECT_TRUE(received(b) == text);
    }
    a.send("and on");
    EXPECT_EQ(received(b), "and on");
}

TENDRIL_TEST(MessagePipe, TooLongAMessageIsAnErrorOnBothSides) {
    Raw peer({.max_message = 10});
    EXPECT_THROW(peer.pipe.send("eleven byte"), std::length_error);
    peer.pipe.send("ten bytes!");
    peer.write(std::string("\x0b\0\0\0", 4));
    EXPECT_EQ(errno_of([&] { peer.pipe.recv(); }), EMSGSIZE);
    EXPECT_EQ(errno_of([&] { peer.pipe.recv(); }), EMSGSIZE);
    EXPECT_THROW(MessagePipe::pair({.max_message = std::size_t{1} << 32}), std::invalid_argument);
}

// A peer announces 64 MiB, and sends none of it.
TENDRIL_TEST(MessagePipe, NothingIsAllocatedForWhatIsOnlyAnnounced) {
    rusage usage{};
    Raw peer;
    peer.write(std::string("\0\0\0\x04", 4) + "abc");
    getrusage(RUSAGE_SELF, &usage);
    const long before = usage.ru_maxrss;
    EXPECT_THROW(peer.pipe.recv(1ms), TimeoutError);
    getrusage(RUSAGE_SELF, &usage);
    EXPECT_LT(usage.ru_maxrss - before, 8 << 10) << "KiB";
    peer.raw.close();
    EXPECT_EQ(errno_of([&] { peer.pipe.recv(); }), ECONNRESET);
}

TENDRIL_TEST(MessagePipe, OneSenderAndOneReceiverAtATime) {
    auto [a, b] = MessagePipe::pair();
    const std::string large(8 << 20, 'x');
    auto receiving = spawn([&a = a] { return received(a); });
    auto sending = spawn([&a = a, &large] { a.send(large); });
    yield();
    EXPECT_THROW(a.recv(), ConcurrentUse);
    EXPECT_THROW(a.send("y"), ConcurrentUse);
    b.send("to the first");
    EXPECT_EQ(receiving.get(), "to the first");
    EXPECT_TRUE(received(b) == large);
    sending.get();
}

TENDRIL_TEST(MessagePipe, ClosingOrDestroyingWakesWhoWaits) {
    auto [a, b] = MessagePipe::pair();
    auto first = spawn([&a = a] { return errno_of([&] { a.recv(); }); });
    auto owned = std::make_unique<MessagePipe>(std::move(b));
    auto second = spawn([&] { return errno_of([&] { owned->send(std::string(8 << 20, 'x')); }); });
    testing::until_waiting_for_io(2);
    a.close();
    EXPECT_EQ(first.get(), EBADF);
    owned.reset();
    const int error = second.get();
    EXPECT_TRUE(error == EBADF || error == EPIPE) << error;
}

TENDRIL_TEST(MessagePipe, APeerThatEndsWithoutReadingIsTheEndNotAnError) {
    auto [a, b] = MessagePipe::pair();
    b.send("its last word");
    a.send("never read");
    b.close();
    EXPECT_EQ(received(a), "its last word");
    EXPECT_EQ(received(a), "the end");
}

TENDRIL_TEST(MessagePipe, TakesOverOnlyWhatCanBeOne) {
    const Pipe pipe = make_pipe();
    EXPECT_THROW(MessagePipe::from_fd(pipe.reader.fd()), std::invalid_argument);
    EXPECT_EQ(errno_of([] { MessagePipe::from_fd(9999); }), EBADF);
    EXPECT_TRUE(pipe.reader.is_open());
    const testing::FailNth fault([](sys::Call call) { return call == sys::Call::socketpair; }, 1, EMFILE);
    EXPECT_EQ(errno_of([] { MessagePipe::pair(); }), EMFILE);
}

TENDRIL_TEST(MessagePipe, NoRoomForADescriptorIsAnErrorThatLosesNone) {
    const std::size_t before = testing::count_descriptors();
    {
        auto [a, b] = MessagePipe::pair();
        a.send("with two", {a.fd(), a.fd()});
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        const Fd next(sys::duplicate(a.fd(), 0));
        const rlimit low{static_cast<rlim_t>(next.get()) + 2, limit.rlim_max};  // room for one
        setrlimit(RLIMIT_NOFILE, &low);
        std::exception_ptr error;
        try {
            b.recv();
        } catch (...) {
            error = std::current_exception();
        }
        setrlimit(RLIMIT_NOFILE, &limit);  // before the checks below: UBSan makes a pipe in them
        ASSERT_NE(error, nullptr);
        EXPECT_EQ(errno_of([&] { std::rethrow_exception(error); }), EMFILE);
    }
    EXPECT_EQ(testing::count_descriptors(), before);
}

TENDRIL_TEST(MessagePipe, SurvivesEintrAndShortReads) {
    auto [a, b] = MessagePipe::pair();
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        static unsigned n = 0;
        return (call == sys::Call::sendmsg || call == sys::Call::recvmsg) && ++n % 3 == 0 ? EINTR : 0;
    });
    const std::string data(300'000, 'e');
    auto sending = spawn([&a = a, &data] { a.send(data); });
    EXPECT_TRUE(received(b) == data);
    sys::set_fault_hook(nullptr);
    sending.get();
}

// Any bytes from a peer give messages or an error, and leave nothing behind.
TENDRIL_TEST(MessagePipe, TakesAnythingThatAPeerMaySend) {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        Raw peer({.max_message = 1000});
        std::string sent;
        for (std::size_t i = random() % 40; i > 0; --i) {
            sent += static_cast<char>(random() % 4 == 0 ? random() : 0);
        }
        if (!sent.empty()) {
            peer.write(sent);
        }
        peer.raw.close();
        std::size_t come = 0;
        try {
            while (const std::optional<Message> message = peer.pipe.recv()) {
                come += 4 + message->bytes.size();
            }
            EXPECT_EQ(come, sent.size());
        } catch (const std::system_error& e) {
            EXPECT_TRUE(e.code().value() == EMSGSIZE || e.code().value() == ECONNRESET) << e.what();
            EXPECT_LT(come, sent.size());
        }
    }
}

// The wire format that the header promises to other programs.
TENDRIL_TEST(MessagePipe, AChildWithoutTendrilCanTakePart) {
    auto [ours, theirs] = MessagePipe::pair();
    EXPECT_EQ(sys::status_flags(theirs.fd()) & O_NONBLOCK, 0);
    const std::string fd = std::to_string(theirs.fd());
    Popen child({"/bin/bash", "-c", "exec head -c 9 <&" + fd + " >&" + fd}, {.pass_fds = {theirs.fd()}});
    theirs.close();
    ours.send("hello");  // nine bytes with the length, which come back
    EXPECT_EQ(received(ours), "hello");
    EXPECT_EQ(received(ours), "the end");
    EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace tendril
