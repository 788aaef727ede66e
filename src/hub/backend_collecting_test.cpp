// SPDX-License-Identifier: MIT
//
// When the wrapped backend is asked, and with which time limit. That events and timers arrive: hub_clock_test.cpp.

#include "hub/backend_collecting.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include <tendril/deadline.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril::detail {
namespace {

constexpr std::int64_t ms = 1'000'000;

struct Asked {
    std::int64_t at_ns;
    std::int64_t timeout_ns;
};

class Recorder final : public Backend {
public:
    explicit Recorder(std::vector<Asked>& asked) noexcept : Backend(true), asked_(asked) {}
    const char* name() const noexcept override { return "recorder"; }
    int arm(int, std::uint64_t, Events, bool) noexcept override { return 0; }
    void disarm(int, std::uint64_t) noexcept override {}
    std::span<const BackendEvent> wait(std::int64_t timeout_ns) override {
        asked_.push_back({Deadline::now_ns(), timeout_ns});
        return {};
    }
    void wake() noexcept override {}

private:
    std::vector<Asked>& asked_;
};

TEST(CollectingBackend, AnIdleHubAsksForEventsAtMostThatOften) {
    std::vector<Asked> asked;
    CollectingBackend collecting(std::make_unique<Recorder>(asked));
    collecting.set(20 * ms, 0);
    for (int i = 0; i < 3; ++i) {
        collecting.wait(-1);
    }
    ASSERT_EQ(asked.size(), 3u);
    EXPECT_GE(asked[2].at_ns - asked[0].at_ns, 40 * ms);
    EXPECT_EQ(asked[2].timeout_ns, -1);
}

TEST(CollectingBackend, ATimerThatIsDueEarlierIsNotKeptWaiting) {
    std::vector<Asked> asked;
    CollectingBackend collecting(std::make_unique<Recorder>(asked));
    collecting.set(1000 * ms, 0);
    collecting.wait(-1);
    const std::int64_t begun = Deadline::now_ns();
    collecting.wait(3 * ms);
    EXPECT_GE(asked[1].at_ns - begun, 3 * ms);
    EXPECT_EQ(asked[1].timeout_ns, 0) << "the timer's time went by in the pause";
}

TEST(CollectingBackend, AHubWithWorkAsksAtOnce) {
    std::vector<Asked> asked;
    CollectingBackend collecting(std::make_unique<Recorder>(asked));
    collecting.set(1000 * ms, 1000 * ms);
    collecting.wait(0);
    collecting.wait(0);
    EXPECT_EQ(asked[1].timeout_ns, 0);
    EXPECT_EQ(asked.size(), 2u);
}

TEST(CollectingBackend, SleepsThatLongForATimer) {
    std::vector<Asked> asked;
    CollectingBackend collecting(std::make_unique<Recorder>(asked));
    collecting.set(0, 30 * ms);
    collecting.wait(1 * ms);
    collecting.wait(50 * ms);
    collecting.wait(-1);
    EXPECT_EQ(asked[0].timeout_ns, 30 * ms);
    EXPECT_EQ(asked[1].timeout_ns, 50 * ms);
    EXPECT_EQ(asked[2].timeout_ns, -1);
}

TEST(CollectingBackend, IsThereOnlyWhileItCollects) {
    std::vector<Asked> asked;
    std::unique_ptr<Backend> backend = std::make_unique<Recorder>(asked);
    const Backend* plain = backend.get();
    EXPECT_THROW(collect(backend, Duration(2s), Duration()), std::invalid_argument);
    EXPECT_EQ(backend.get(), plain);
    collect(backend, Duration(1ms), Duration());
    EXPECT_NE(backend.get(), plain);
    collect(backend, Duration(), Duration());
    EXPECT_EQ(backend.get(), plain);
}

}  // namespace
}  // namespace tendril::detail
