// SPDX-License-Identifier: MIT
//
// The process's memory after a burst of green threads, as the system counts it, while the hub only waits for a
// descriptor.

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/pipe.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(TENDRIL_TEST_UNDER_EMULATOR)

using namespace std::chrono_literals;

namespace tendril {
namespace {

// In KiB, of a line in /proc/self/status.
long status(const std::string& field) {
    std::ifstream file("/proc/self/status");
    for (std::string word; file >> word;) {
        if (word == field + ":") {
            long value = 0;
            file >> value;
            return value;
        }
    }
    ADD_FAILURE() << field;
    return 0;
}

// Of the main OS thread, in whose heap most programs' green threads lie.
TEST(Memory, OfABurstIsGivenBackWhileTheHubWaitsForADescriptor) {
    constexpr int many = 20'000;
    constexpr long slack_kib = 8 << 10;
    spawn([] {}).join();
    const long resident = status("VmRSS");
    const long tables = status("VmPTE");
    {
        std::vector<Greenlet<void>> all;
        for (int i = 0; i < many; ++i) {
            all.push_back(spawn([] { sleep(1ms); }));
        }
        join_all(all);
    }
    ASSERT_GT(status("VmRSS"), resident + many * 4);  // a page each at least
    Pipe pipe = make_pipe();
    const int writer = pipe.writer.fd();
    // Another OS thread looks, so that the hub has no reason of its own to wake.
    std::thread watch([&] {
        for (int i = 0; i < 300; ++i) {
            if (status("VmRSS") < resident * 12 / 10 + slack_kib && status("VmPTE") < tables * 12 / 10 + 1024) {
                break;
            }
            std::this_thread::sleep_for(100ms);
        }
        EXPECT_LT(status("VmRSS"), resident * 12 / 10 + slack_kib);
        EXPECT_LT(status("VmPTE"), tables * 12 / 10 + 1024);
        EXPECT_EQ(::write(writer, "x", 1), 1);
    });
    char byte = 0;
    EXPECT_EQ(pipe.reader.recv({&byte, 1}), 1u);
    watch.join();
}

}  // namespace
}  // namespace tendril

#endif
