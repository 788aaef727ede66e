// SPDX-License-Identifier: MIT

#include "base/cpu_alarm.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <atomic>

#include "base/sys.hpp"

namespace tendril::detail {
namespace {

std::atomic<int> alarms{0};

// With the alarm's signal handled, and as it was before afterwards.
class Handled {
public:
    Handled() {
        alarms = 0;
        struct sigaction ours {};
        ours.sa_handler = [](int) { alarms.fetch_add(1); };
        sys::sigaction(number, &ours, &before_);
    }
    Handled(const Handled&) = delete;
    Handled& operator=(const Handled&) = delete;
    ~Handled() { sys::sigaction(number, &before_, nullptr); }

    static constexpr int number = SIGUSR2;

private:
    struct sigaction before_ {};
};

void compute_until(int wanted) {
    while (alarms.load() < wanted) {
    }
}

TEST(CpuAlarm, MeetsAnOsThreadThatComputesOncePerSet) {
    const Handled handled;
    CpuAlarm alarm;
    for (int i = 1; i <= 3; ++i) {
        ASSERT_TRUE(alarm.set(::pthread_self(), sys::thread_id(), Handled::number));
        compute_until(i);
    }
    EXPECT_EQ(alarms, 3);
}

TEST(CpuAlarm, EndsNoSystemCall) {
    const Handled handled;
    CpuAlarm alarm;
    for (int i = 1; i <= 20; ++i) {
        ASSERT_TRUE(alarm.set(::pthread_self(), sys::thread_id(), Handled::number));
        EXPECT_EQ(::poll(nullptr, 0, 2), 0);
        compute_until(i);
    }
}

}  // namespace
}  // namespace tendril::detail
