// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 M: child processes.

#include <tendril/process.hpp>

#include <sys/socket.h>

#include <csignal>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/pipe.hpp>

#include "base/sys.hpp"
#include "children.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::no_child_left;

// gevent test__subprocess.py test_exit, test_wait
TENDRIL_TEST(ConformanceMProcess, TM01_ExitStatusAndACooperativeWait) {
    EXPECT_EQ(Popen(shell("exit 10")).wait(), 10);
    Popen child({"sleep", "0.05"});
    int ticks = 0;
    auto ticker = spawn([&] {
        for (;; ++ticks) {
            sleep(1ms);
        }
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_GT(ticks, 0) << "others ran meanwhile";
    ticker.kill();
}

// test_child_exception
TENDRIL_TEST(ConformanceMProcess, TM01_AMissingProgramIsAnErrorInTheParentThatNamesIt) {
    try {
        Popen({"*"});
        ADD_FAILURE();
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory);
        EXPECT_NE(std::string(e.what()).find("'*'"), std::string::npos) << e.what();
    }
    try {
        Popen({"true"}, {.cwd = "/no/such/place"});
        ADD_FAILURE();
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory);
        EXPECT_NE(std::string(e.what()).find("/no/such/place"), std::string::npos) << e.what();
    }
    EXPECT_EQ(errno_of([] { Popen({"true"}, {.cwd = "/etc/passwd"}); }), ENOTDIR);
    EXPECT_TRUE(no_child_left());
}

// test_leak
TENDRIL_TEST(ConformanceMProcess, TM01_NoDescriptorLeaks) {
    const std::size_t before = testing::count_descriptors();
    for (int i = 0; i < 20; ++i) {
        Popen child({"cat"}, {.in = PIPE, .out = PIPE, .err = PIPE});
        child.stdin_().close();
        EXPECT_EQ(child.wait(), 0);
    }
    EXPECT_EQ(testing::count_descriptors(), before);
}

// test_communicate
TENDRIL_TEST(ConformanceMProcess, TM02_FeedsAndDrainsBothPipesWithoutDeadlock) {
    Popen child(shell("echo pineapple >&2; cat"), {.in = PIPE, .out = PIPE, .err = PIPE});
    const std::string banana(1 << 20, 'b');
    const Output output = child.communicate(banana);
    EXPECT_TRUE(output.out == banana);
    EXPECT_EQ(output.err, "pineapple\n");
}

// test_timeout
TENDRIL_TEST(ConformanceMProcess, TM02_ATimeoutKeepsWhatWasRead) {
    Popen child(shell("echo begun; read line; echo $line"), {.in = PIPE, .out = PIPE});
    PipeWriter feed = std::move(child.stdin_());
    for (std::size_t read = 0; read == 0;) {
        try {
            child.communicate(5ms);
            ADD_FAILURE() << "it waits for a line";
            return;
        } catch (const TimeoutError& e) {
            read = e.done();
        }
    }
    feed.send_all("ended\n");
    EXPECT_EQ(child.communicate().out, "begun\nended\n");
}

// test_nonblock_removed: the flag belongs to the open file, which a child would share.
TENDRIL_TEST(ConformanceMProcess, TM04_TheChildsStandardStreamsAreBlocking) {
    const auto flags_seen_by_child = [](const PopenOptions& options) {
        // In /proc/.../fdinfo: "flags: 0100000", in octal.
        PopenOptions all = options;
        Pipe report = make_pipe();
        all.pass_fds.push_back(report.writer.fd());
        const std::string print = "for i in 0 1 2; do sed -n 's/^flags:.//p' /proc/$$/fdinfo/$i >/dev/fd/";
        Popen child(shell(print + std::to_string(report.writer.fd()) + "; done"), all);
        report.writer.close();
        std::string text(1000, '\0');
        text.resize(report.reader.recv_exactly(text));
        child.wait();
        return text;
    };
    const auto expect_blocking = [&](const PopenOptions& options) {
        const std::string flags = flags_seen_by_child(options);
        int seen = 0;
        for (std::size_t at = 0; at < flags.size(); at = flags.find('\n', at) + 1, ++seen) {
            EXPECT_EQ(std::stoul(flags.substr(at), nullptr, 8) & O_NONBLOCK, 0u) << flags;
        }
        EXPECT_EQ(seen, 3) << flags;
    };
    expect_blocking({.in = PIPE, .out = PIPE, .err = PIPE});
    expect_blocking({.in = DEVNULL, .out = DEVNULL, .err = STDOUT});
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    expect_blocking({.in = in.reader.fd(), .out = out.writer.fd(), .err = out.writer.fd()});
    EXPECT_NE(sys::status_flags(in.reader.fd()) & O_NONBLOCK, 0) << "ours stay as they were";
    EXPECT_NE(sys::status_flags(out.writer.fd()) & O_NONBLOCK, 0);

    // gevent's case: a pipe of ours as stdin of grep, which must wait for it.
    Popen grep({"grep", "text"}, {.in = in.reader.fd(), .out = DEVNULL});
    in.writer.close();
    EXPECT_EQ(grep.wait(), 1);

    // A socket cannot be opened a second time: refused rather than shared or changed.
    const Fd socket(sys::socket(AF_UNIX, SOCK_STREAM));
    EXPECT_EQ(errno_of([&] { Popen({"true"}, {.in = socket.get()}); }), ENXIO);
}

// test_issue148
TENDRIL_TEST(ConformanceMProcess, TM04_SevenMissingProgramsAreSevenCleanErrors) {
    const std::size_t before = testing::count_descriptors();
    for (int i = 0; i < 7; ++i) {
        EXPECT_EQ(errno_of([] { Popen({"this_name_must_not_exist"}, {.in = PIPE, .out = PIPE, .err = PIPE}); }),
                  ENOENT);
        EXPECT_EQ(testing::count_descriptors(), before);
        EXPECT_TRUE(no_child_left());
    }
}

// gevent test__os.py test_waitpid_all, test_waitpid_wrong_pos: all that is no child of ours is an error at once.
TENDRIL_TEST(ConformanceMProcess, TM05_WaitPidIsCooperativeAndSaysWhatIsNoChild) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::execl("/bin/sh", "sh", "-c", "sleep 0.02; exit 6", nullptr);
        ::_exit(127);
    }
    int ticks = 0;
    auto ticker = spawn([&] {
        for (;; ++ticks) {
            sleep(1ms);
        }
    });
    EXPECT_EQ(wait_pid(pid), 6);
    EXPECT_GT(ticks, 0);
    ticker.kill();
    EXPECT_EQ(errno_of([&] { wait_pid(pid); }), ECHILD);
    EXPECT_EQ(errno_of([] { wait_pid(::getppid()); }), ECHILD);
    EXPECT_THROW(wait_pid(-1), std::invalid_argument);
}

// test_event_closed_on_read_error
TENDRIL_TEST(ConformanceMProcess, TM05_ErrorsLeaveNoArmedWatcher) {
    const std::size_t before = testing::count_descriptors();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::execl("/bin/sleep", "sleep", "100", nullptr);
        ::_exit(127);
    }
    {
        const testing::FailNth fault([](sys::Call call) { return call == sys::Call::waitid; }, 2, EINVAL);
        EXPECT_EQ(errno_of([&] { wait_pid(pid); }), EINVAL);
    }
    EXPECT_THROW(wait_pid(pid, 1ms), TimeoutError);
    const HubStats stats = Hub::current().stats();
    EXPECT_EQ(stats.keeping_alive + stats.timers + stats.waiting_for_io, 0u);
    EXPECT_EQ(testing::count_descriptors(), before);
    ::kill(pid, SIGKILL);
    EXPECT_EQ(wait_pid(pid), -SIGKILL);
}

}  // namespace
}  // namespace tendril
