// SPDX-License-Identifier: MIT

#include "patch/file_locks.hpp"

#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include <tendril/fd.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/patch/patch.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"
#include "patch/hooked_call.hpp"

using namespace std::chrono_literals;

namespace tendril::patch {
namespace {

// A file without a name, opened twice.
struct TwoFiles {
    Fd first;
    Fd second;
    TwoFiles() {
        char path[] = "/tmp/tendril-locks-XXXXXX";
        first = Fd(::mkstemp(path));
        second = Fd(::open(path, O_RDWR | O_CLOEXEC));
        ::unlink(path);
    }
};

struct flock whole(short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

TENDRIL_TEST(PatchedLocks, FlockWaitsForTheOtherGreenThread) {
    const TwoFiles files;
    ASSERT_EQ(TENDRIL_HOOKED(flock)(files.first.get(), LOCK_EX), 0);
    EXPECT_EQ(TENDRIL_HOOKED(flock)(files.second.get(), LOCK_EX | LOCK_NB), -1);
    EXPECT_EQ(errno, EWOULDBLOCK);
    auto second = spawn([&] { return TENDRIL_HOOKED(flock)(files.second.get(), LOCK_EX); });
    sleep(20ms);
    EXPECT_FALSE(second.ready());
    EXPECT_EQ(TENDRIL_HOOKED(flock)(files.first.get(), LOCK_UN), 0);
    EXPECT_EQ(second.get(), 0);
    EXPECT_EQ(TENDRIL_HOOKED(flock)(-1, LOCK_EX), -1);
    EXPECT_EQ(errno, EBADF);
}

TENDRIL_TEST(PatchedLocks, BrokenOffItTakesNoLock) {
    const TwoFiles files;
    ASSERT_EQ(TENDRIL_HOOKED(flock)(files.first.get(), LOCK_EX), 0);
    EXPECT_FALSE(with_timeout(10ms, [&] {
        EXPECT_EQ(TENDRIL_HOOKED(flock)(files.second.get(), LOCK_EX), -1);
        EXPECT_EQ(errno, ECANCELED);
        deliver();
    }));
    auto killed = spawn([&] { return TENDRIL_HOOKED(flock)(files.second.get(), LOCK_SH); });
    yield();
    killed.kill();
    ASSERT_EQ(TENDRIL_HOOKED(flock)(files.first.get(), LOCK_UN), 0);
    EXPECT_EQ(TENDRIL_HOOKED(flock)(files.first.get(), LOCK_EX | LOCK_NB), 0);
}

// Of the descriptors' own, since those of a process never exclude each other.
TENDRIL_TEST(PatchedLocks, RecordLocksOfDescriptorsWait) {
    const TwoFiles files;
    struct flock exclusive = whole(F_WRLCK);
    ASSERT_EQ(detail::lock_record(files.first.get(), F_OFD_SETLKW, &exclusive), 0);
    auto second = spawn([&] {
        struct flock shared = whole(F_RDLCK);
        return detail::lock_record(files.second.get(), F_OFD_SETLKW, &shared);
    });
    sleep(20ms);
    EXPECT_FALSE(second.ready());
    struct flock none = whole(F_UNLCK);
    ASSERT_EQ(detail::lock_record(files.first.get(), F_OFD_SETLKW, &none), 0);
    EXPECT_EQ(second.get(), 0);
}

TENDRIL_TEST(PatchedLocks, SectionsWaitForOtherProcesses) {
    const TwoFiles files;
    int held[2];
    ASSERT_EQ(::pipe2(held, O_CLOEXEC), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
        const bool locked = ::lockf(files.first.get(), F_LOCK, 0) == 0 && ::write(held[1], "x", 1) == 1;
        ::usleep(50'000);
        ::_exit(locked ? 0 : 1);  // which releases it
    }
    char byte = 0;
    EXPECT_EQ(::read(held[0], &byte, 1), 1);
    EXPECT_EQ(TENDRIL_HOOKED(lockf)(files.second.get(), F_TLOCK, 0), -1);
    EXPECT_TRUE(errno == EAGAIN || errno == EACCES);
    bool ran = false;
    auto other = spawn([&] { ran = true; });
    EXPECT_EQ(TENDRIL_HOOKED(lockf)(files.second.get(), F_LOCK, 0), 0);
    EXPECT_TRUE(ran);
    int status = -1;
    EXPECT_EQ(TENDRIL_HOOKED(waitpid)(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    ::close(held[0]);
    ::close(held[1]);
}

TENDRIL_TEST(PatchedLocks, WritesBackInThePool) {
    const TwoFiles files;
    EXPECT_EQ(::write(files.first.get(), "x", 1), 1);
    bool ran = false;
    auto other = spawn([&] { ran = true; });
    EXPECT_EQ(TENDRIL_HOOKED(fsync)(files.first.get()), 0);
    EXPECT_TRUE(ran);
    EXPECT_EQ(TENDRIL_HOOKED(fdatasync)(files.first.get()), 0);
    errno = 0;
    EXPECT_EQ(TENDRIL_HOOKED(fsync)(-1), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_FALSE(with_timeout(0s, [&] {
        EXPECT_EQ(TENDRIL_HOOKED(fsync)(files.first.get()), -1);
        EXPECT_EQ(errno, ECANCELED);
        deliver();
    }));
}

}  // namespace
}  // namespace tendril::patch
