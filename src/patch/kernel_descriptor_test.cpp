// SPDX-License-Identifier: MIT
//
// close, dup, fcntl and ioctl while others wait, and several that wait for one descriptor, against the kernel.

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "scene.hpp"

using namespace std::chrono_literals;

namespace tendril::patch::testing {
namespace {

TENDRIL_SCENE(KernelDescriptor, ServesTwoReaders) {
    const auto ends = me.pipe();
    for (int i = 0; i < 2; ++i) {
        me.until_waits(me.bring([=](Party& it) {
            char to[8];
            it.saw("read", it.call.read(ends.a, to, 1));
        }));
    }
    me.saw("write", me.call.write(ends.b, "a", 1));
    me.saw("write", me.call.write(ends.b, "b", 1));
}

TENDRIL_SCENE(KernelDescriptor, ServesTwoReadersOfASocket) {
    const auto ends = me.tcp_pair();
    for (int i = 0; i < 2; ++i) {
        me.until_waits(me.bring([=](Party& it) {
            char to[8];
            it.saw("recv", it.call.recv(ends.a, to, 1, 0));
        }));
    }
    me.saw("send", me.call.send(ends.b, "ab", 2, 0));
}

TENDRIL_SCENE(KernelDescriptor, ServesTwoWriters) {
    const auto ends = me.socket_pair();
    const std::size_t filled = me.fill(ends.a);
    std::vector<Party*> writers;
    for (const char letter : {'a', 'b'}) {
        writers.push_back(&me.bring([=](Party& it) {
            const std::string text(100'000, letter);
            it.saw("write", it.call.write(ends.a, text.data(), text.size()));
        }));
        me.until_waits(*writers.back());
    }
    std::string got;
    std::string some(30'000, '\0');
    while (got.size() < filled + 200'000) {
        const long n = me.call.read(ends.b, some.data(), some.size());
        if (n <= 0) {
            break;
        }
        got.append(some.data(), static_cast<std::size_t>(n));
    }
    me.note(std::to_string(std::count(got.begin(), got.end(), 'a')));
    me.note(std::to_string(std::count(got.begin(), got.end(), 'b')));
}

TENDRIL_SCENE(KernelDescriptor, ServesAReaderAndAWriter) {
    const auto ends = me.socket_pair();
    const std::size_t filled = me.fill(ends.a);
    Party& reader = me.bring([=](Party& it) {
        char to[8];
        it.saw("read", it.call.read(ends.a, to, sizeof to), to);
    });
    Party& writer = me.bring([=](Party& it) { it.saw("write", it.call.write(ends.a, "x", 1)); });
    me.until_waits(reader);
    me.until_waits(writer);
    me.saw("write", me.call.write(ends.b, "abc", 3));
    me.join(reader);
    std::string some(filled, '\0');
    me.saw("recv", me.call.recv(ends.b, some.data(), filled, MSG_WAITALL) == static_cast<long>(filled));
    me.join(writer);
    me.saw("recv", me.call.recv(ends.b, some.data(), filled, 0), some.data());
}

TENDRIL_SCENE(KernelDescriptor, MayBecomeNonBlockingWhileItIsWaitedFor) {
    const auto ends = me.pipe();
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("fcntl", it.call.fcntl(ends.a, F_SETFL, O_NONBLOCK));
        it.pause(5ms);
        it.saw("write", it.call.write(ends.b, "x", 1));
    });
    char to[8];
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
    me.saw("flags", me.call.fcntl(ends.a, F_GETFL));
    me.saw("fcntl", me.call.fcntl(ends.a, F_SETFL, 0));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "y", 1));
    });
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
}

TENDRIL_SCENE(KernelDescriptor, MayBecomeNonBlockingByIoctl) {
    const auto ends = me.socket_pair();
    int on = 1;
    me.saw("ioctl", me.call.ioctl(ends.a, FIONBIO, &on));
    char to[8];
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
    me.saw("recv", me.call.recv(ends.a, to, sizeof to, 0), to);
    on = 0;
    me.saw("ioctl", me.call.ioctl(ends.a, FIONBIO, &on));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "y", 1));
    });
    me.saw("read", me.call.read(ends.a, to, sizeof to), to);
    me.saw("ioctl of -1", me.call.ioctl(-1, FIONBIO, &on));
}

TENDRIL_SCENE(KernelDescriptor, IsReadByItsDuplicate) {
    const auto ends = me.pipe();
    const int copy = me.saw_descriptor("dup", me.call.dup(ends.a));
    me.close(ends.a);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(ends.b, "x", 1));
    });
    char to[8];
    me.saw("read", me.call.read(copy, to, sizeof to), to);
    const int third = me.saw_descriptor("dup3", me.call.dup3(copy, me.keep(::dup(copy)), O_CLOEXEC));
    me.saw("flags", me.call.fcntl(third, F_GETFD));
    const int fourth = me.saw_descriptor("fcntl", me.call.fcntl(third, F_DUPFD_CLOEXEC, 100));
    me.saw("number", fourth >= 100);
    me.saw("dup2", me.call.dup2(third, fourth) - fourth);
    me.saw("dup2 on itself", me.call.dup2(third, third) - third);
    me.saw("dup3 on itself", me.call.dup3(third, third, 0));
    me.saw("dup2 of -1", me.call.dup2(-1, third));
    me.saw("dup2 on -1", me.call.dup2(third, -1));
    me.saw("dup of -1", me.call.dup(-1));
    me.saw("close of -1", me.call.close(-1));
    me.saw("close of 99999", me.call.close(99'999));
    me.saw("fcntl of -1", me.call.fcntl(-1, F_GETFL));
    me.saw("fcntl of nothing", me.call.fcntl(third, 9999));
}

TENDRIL_SCENE(KernelDescriptor, IsReusedAsAnotherKind) {
    const auto first = me.pipe();
    char to[8];
    me.saw("write", me.call.write(first.b, "x", 1));
    me.saw("read", me.call.read(first.a, to, sizeof to), to);
    const auto second = me.socket_pair();
    me.saw("dup2", me.call.dup2(second.a, first.a) - first.a);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(second.b, "abc", 3));
    });
    me.saw("read", me.call.read(first.a, to, sizeof to), to);
    const int file = me.keep(::memfd_create("scene", 0));
    ::dup2(file, first.a);  // unseen
    me.saw("write", me.call.write(first.a, "abcd", 4));
    ::lseek(file, 0, SEEK_SET);
    me.saw("read", me.call.read(first.a, to, sizeof to), to);
    const auto third = me.pipe();
    ::dup2(third.a, first.a);
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        it.saw("write", it.call.write(third.b, "ef", 2));
    });
    me.saw("read", me.call.read(first.a, to, sizeof to), to);
}

// A guess from the file that had the number must not let a long write block.
TENDRIL_SCENE(KernelDescriptor, IsWrittenAsWhatItHasBecome) {
    for (const int before : {me.keep(::memfd_create("scene", 0)), me.keep(::eventfd(0, 0))}) {
        const std::uint64_t one = 1;
        me.saw("write", me.call.write(before, &one, sizeof one));
        const auto ends = me.socket_pair();
        ::dup2(ends.a, before);  // unseen
        me.bring([=](Party& it) {
            it.until_waits(it.first());
            std::string some(1 << 20, '\0');
            it.saw("recv", it.call.recv(ends.b, some.data(), some.size(), MSG_WAITALL));
        });
        const std::string much(1 << 20, 'x');
        me.saw("write", me.call.write(before, much.data(), much.size()));
    }
}

flock whole(short type) {
    flock lock{};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

TENDRIL_SCENE(KernelDescriptor, WaitsForARecordLock) {
    const int file = me.keep(::memfd_create("scene", 0));
    const int again = me.keep(::open(("/proc/self/fd/" + std::to_string(file)).c_str(), O_RDWR));
    flock lock = whole(F_WRLCK);
    me.saw("lock", me.call.fcntl(file, F_OFD_SETLK, &lock));
    me.bring([=](Party& it) {
        it.until_waits(it.first());
        flock unlock = whole(F_UNLCK);
        it.saw("unlock", it.call.fcntl(file, F_OFD_SETLK, &unlock));
    });
    lock = whole(F_WRLCK);
    me.saw("try", me.call.fcntl(again, F_OFD_SETLK, &lock));
    me.saw("wait", me.call.fcntl(again, F_OFD_SETLKW, &lock));
    lock = whole(F_RDLCK);
    me.saw("of this process", me.call.fcntl(me.keep(::memfd_create("scene", 0)), F_SETLKW, &lock));
    lock = whole(17);
    me.saw("bad", me.call.fcntl(file, F_SETLKW, &lock));
    me.saw("of -1", me.call.fcntl(-1, F_SETLKW, &lock));
}

// To the kernel, who waits goes on with what the number was. Here the waiter learns that it is gone.
TENDRIL_TEST(KernelClosed, EndsTheWaitForItsNumber) {
    Scene(Way::green).play([](Party& me) {
        const auto ends = me.pipe();
        Party& reader = me.bring([=](Party& it) {
            char to[8];
            EXPECT_EQ(it.call.read(ends.a, to, sizeof to), -1);
            EXPECT_EQ(errno, EBADF);
        });
        me.until_waits(reader);
        me.close(ends.a);
        const auto next = me.pipe();
        EXPECT_EQ(next.a, ends.a) << "the number is used again";
        EXPECT_EQ(me.call.write(next.b, "new", 3), 3);
        me.join(reader);
        char to[8];
        EXPECT_EQ(me.call.read(next.a, to, sizeof to), 3);
    });
}

TENDRIL_TEST(KernelClosed, EndsTheWaitForANumberThatDupTakes) {
    Scene(Way::green).play([](Party& me) {
        const auto ends = me.socket_pair();
        const auto next = me.pipe();
        Party& reader = me.bring([=](Party& it) {
            char to[8];
            EXPECT_EQ(it.call.recv(ends.a, to, sizeof to, 0), -1);
            EXPECT_EQ(errno, EBADF);
        });
        me.until_waits(reader);
        EXPECT_EQ(me.call.write(next.b, "new", 3), 3);
        EXPECT_EQ(me.call.dup2(next.a, ends.a), ends.a);
        me.join(reader);
        char to[8];
        EXPECT_EQ(me.call.read(ends.a, to, sizeof to), 3);
    });
}

TENDRIL_TEST(KernelClosed, EndsAPollOfItsNumber) {
    Scene(Way::green).play([](Party& me) {
        const auto ends = me.pipe();
        Party& poller = me.bring([=](Party& it) {
            pollfd one{.fd = ends.a, .events = POLLIN, .revents = 0};
            EXPECT_EQ(it.call.poll(&one, 1, -1), 1);
            EXPECT_EQ(one.revents, POLLNVAL);
        });
        me.until_waits(poller);
        me.close(ends.a);
        me.join(poller);
    });
}

}  // namespace
}  // namespace tendril::patch::testing
