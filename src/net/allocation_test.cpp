// SPDX-License-Identifier: MIT
//
// Waiting for a few descriptors, once it is warm, allocates nothing but the results. Left out of sanitizer builds,
// which have their own operator new.

#include <array>
#include <chrono>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/select.hpp>

#include "context/sanitizer.hpp"
#include "green_test.hpp"
#include "pipe.hpp"

#if !defined(TENDRIL_ASAN) && !defined(TENDRIL_TSAN)

#include "allocations.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(Allocation, NoneToWaitForAFewDescriptors) {
    const std::array<testing::Pipe, 8> pipes;
    std::vector<int> readers;
    std::vector<int> writers;
    for (const testing::Pipe& each : pipes) {
        readers.push_back(each.reader.get());
        writers.push_back(each.writer.get());
    }
    EXPECT_EQ(allocated_by([&] { select(readers, {}, readers, 10us); }), 0u);
    EXPECT_EQ(allocated_by([&] {
                  std::array fds{PollFd{readers[0], POLLIN, 0}, PollFd{readers[1], POLLIN, 0}};
                  poll(fds, 10us);
              }),
              0u);
    EXPECT_EQ(allocated_by([&] { wait_writable(writers[0]); }), 0u);
    for (int call = 0; call < 300; ++call) {
        select({}, writers, {});  // one of these yields, and watches the numbers for the first time
    }
    EXPECT_EQ(allocated_by([&] { select({}, writers, {}); }), 400u) << "only the result, which grows four times";
}

}  // namespace
}  // namespace tendril

#endif
