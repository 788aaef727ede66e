// SPDX-License-Identifier: MIT
//
// A program of POSIX threads that knows nothing of tendril, patched: its 10,000 threads are green threads.

#include <dirent.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <thread>

#include <tendril/greenlet.hpp>
#include <tendril/patch/patch.hpp>

namespace tendril::patch {
namespace {

int count_os_threads() {
    int n = 0;
    DIR* const tasks = ::opendir("/proc/self/task");
    while (::readdir(tasks) != nullptr) {
        ++n;
    }
    ::closedir(tasks);
    return n - 2;  // . and ..
}

TEST(PthreadProgram, HasTenThousandThreadsInOneOsThread) {
    void* const handle = ::dlopen((std::string(TENDRIL_TEST_OBJECTS) + "/libpthread_program.so").c_str(), RTLD_NOW);
    ASSERT_NE(handle, nullptr) << ::dlerror();
    auto* const program = reinterpret_cast<int (*)(int, char**)>(::dlsym(handle, "pthread_program"));
    ASSERT_NE(program, nullptr);
    library("libpthread_program", {.classes = Classes::all(), .except = {}, .require = {}});
    ::testing::internal::CaptureStdout();
    int os_threads = 0;
    int result = -1;
    std::thread([&] {
        spawn([&] {
            os_threads = count_os_threads();
            std::array<char, 16> name{"program"};
            std::array<char, 16> threads{"10000"};
            std::array<char*, 3> arguments{name.data(), threads.data(), nullptr};
            result = program(2, arguments.data());
            std::fflush(stdout);
        }).join();
    }).join();
    const std::string output = ::testing::internal::GetCapturedStdout();
    EXPECT_EQ(result, 0);
    EXPECT_EQ(output, "threads 10000 count 10000 serial 1 once 1 destroyed 10000 wrong 0\nOS threads " +
                          std::to_string(os_threads) + '\n');
    unpatch();
    ::dlclose(handle);
}

}  // namespace
}  // namespace tendril::patch
