// SPDX-License-Identifier: MIT

#include "faults.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <random>

namespace tendril::testing {

namespace {

struct Plan {
    std::vector<FaultRule> script;
    std::optional<SeededFaults> seeded;
    std::mt19937_64 random;
    std::size_t calls = 0;
    std::size_t happened = 0;

    sys::Fault decide(sys::Call call, int fd) {
        ++calls;
        return seeded.has_value() ? by_chance(call) : by_script(call, fd);
    }

private:
    sys::Fault by_script(sys::Call call, int fd) {
        for (FaultRule& rule : script) {
            if ((rule.call != any_call && rule.call != call) || (rule.fd >= 0 && rule.fd != fd)) {
                continue;
            }
            if (rule.skip > 0) {
                --rule.skip;
            } else if (rule.times > 0) {
                --rule.times;
                ++happened;
                return rule.fault;
            }
        }
        return {};
    }

    sys::Fault by_chance(sys::Call call) {
        if (std::find(seeded->calls.begin(), seeded->calls.end(), call) == seeded->calls.end()) {
            return {};
        }
        sys::Fault fault;
        if (chance(seeded->error_percent) && !seeded->errors.empty()) {
            fault.error = seeded->errors[random() % seeded->errors.size()];
        }
        if (chance(seeded->short_percent)) {
            fault.at_most = std::size_t{1} << random() % 14;
        }
        if (chance(seeded->delay_percent)) {
            fault.delay_ns = 10'000;
        }
        happened += fault.error != 0 || fault.at_most != sys::Fault().at_most || fault.delay_ns != 0 ? 1 : 0;
        return fault;
    }

    bool chance(unsigned percent) { return random() % 100 < percent; }
};

std::mutex guard;  // guards the plan; never held across a call
std::optional<Plan> plan;

sys::Fault hook(sys::Call call, int fd) noexcept {
    const std::lock_guard lock(guard);
    return plan.has_value() ? plan->decide(call, fd) : sys::Fault();
}

void begin(Plan with) {
    {
        const std::lock_guard lock(guard);
        EXPECT_FALSE(plan.has_value()) << "one Faults at a time";
        plan = std::move(with);
    }
    sys::set_fault_hook(&hook);
}

}  // namespace

Faults::Faults(std::vector<FaultRule> script) {
    begin({.script = std::move(script), .seeded = {}, .random = {}});
}

Faults::Faults(SeededFaults seeded) {
    if (seeded.calls.empty()) {
        using enum sys::Call;
        seeded.calls = {read, write, recv, send, recvmsg, sendmsg, accept, connect};
    }
    const std::uint64_t seed = seeded.seed;
    begin({.script = {}, .seeded = std::move(seeded), .random = std::mt19937_64(seed)});
}

Faults::~Faults() {
    sys::set_fault_hook(nullptr);
    const std::lock_guard lock(guard);
    plan.reset();
}

std::size_t Faults::calls() const {
    const std::lock_guard lock(guard);
    return plan->calls;
}

std::size_t Faults::happened() const {
    const std::lock_guard lock(guard);
    return plan->happened;
}

}  // namespace tendril::testing
