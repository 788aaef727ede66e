// SPDX-License-Identifier: MIT

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include <tendril/detail/base/check.hpp>

namespace tendril::detail {

namespace {

constinit std::atomic<DescribeFlow> describe_flow{nullptr};

}  // namespace

void describe_flow_by(DescribeFlow describe) noexcept {
    describe_flow.store(describe, std::memory_order_relaxed);
}

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    char flow[256] = "";
    if (const DescribeFlow describe = describe_flow.load(std::memory_order_relaxed); describe != nullptr) {
        flow[describe(flow, sizeof flow - 1)] = '\0';
    }
    std::fprintf(stderr, "tendril: %s:%d: a bug in tendril: not (%s)%s%s\n", file, line, condition,
                 *flow != 0 ? ", in " : "", flow);
    std::abort();
}

}  // namespace tendril::detail
