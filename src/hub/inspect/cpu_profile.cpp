// SPDX-License-Identifier: MIT

#include <tendril/cpu_profile.hpp>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <tendril/context.hpp>

#include "base/sys.hpp"
#include "hub/here.hpp"
#include "hub/hub_core.hpp"

namespace tendril {

using detail::Fiber;
using detail::HubCore;

namespace {

using Place = std::pair<std::string_view, int>;

Place place_of(const Site& where) noexcept {
    return {where.file, where.line};
}

void add(CpuUse& to, const CpuUse& more) noexcept {
    to.where = more.where;
    to.cpu += more.cpu;
    to.switches += more.switches;
    to.greenlets += more.greenlets;
}

std::vector<CpuUse> most_first(std::vector<CpuUse> all) {
    std::stable_sort(all.begin(), all.end(), [](const CpuUse& a, const CpuUse& b) { return a.cpu > b.cpu; });
    return all;
}

}  // namespace

struct CpuProfile::State {
    HubCore& hub;
    SwitchObserver before = nullptr;
    std::int64_t since_ns = 0;  // the processor time at the last switch
    std::unordered_map<std::uint64_t, CpuUse> live;
    std::map<Place, CpuUse> ended;

    static constinit thread_local State* here;

    explicit State(HubCore& h) : hub(h) {}

    static void on_switch(const SwitchEvent& event) noexcept {
        if (here == nullptr) {
            return;  // it has ended, but an observer that was set later still calls this
        }
        State& self = *here;
        try {
            self.account(1);
        } catch (...) {  // no memory: this stretch is lost
        }
        if (self.before != nullptr) {
            self.before(event);
        }
    }

    // The hub has not left `current` yet.
    void account(std::uint64_t switches) {
        const std::int64_t now = sys::thread_cpu_ns();
        const Fiber& fiber = *hub.current;
        const std::int64_t used = std::max<std::int64_t>(now - std::exchange(since_ns, now), 0);  // 0: forked since
        CpuUse& use = live[fiber.id];
        use.greenlet = fiber.id;
        use.where = fiber.where;
        use.cpu += std::chrono::nanoseconds(used);
        use.switches += switches;
        if (fiber.ended) {
            auto [at, added] = ended.try_emplace(place_of(fiber.where));
            if (added) {
                at->second.greenlets = 0;
            }
            add(at->second, use);
            live.erase(fiber.id);
        }
    }
};

constinit thread_local CpuProfile::State* CpuProfile::State::here = nullptr;

CpuProfile::CpuProfile() : state_(std::make_unique<State>(HubCore::here())) {
    if (State::here != nullptr) {
        throw std::logic_error("this OS thread already has a CpuProfile: use that one, or end it first");
    }
    State::here = state_.get();
    state_->since_ns = sys::thread_cpu_ns();
    state_->before = set_switch_observer(&State::on_switch);
}

CpuProfile::~CpuProfile() {
    if (const SwitchObserver now = set_switch_observer(state_->before); now != &State::on_switch) {
        set_switch_observer(now);  // another has taken its place
    }
    State::here = nullptr;
}

std::vector<CpuUse> CpuProfile::greenlets() const {
    state_->account(0);
    std::vector<CpuUse> all;
    std::vector<Fiber*> fibers = state_->hub.fibers();
    fibers.push_back(&state_->hub.main);
    fibers.push_back(state_->hub.callback_fiber);
    for (const Fiber* fiber : fibers) {
        if (fiber == nullptr) {
            continue;
        }
        if (const auto at = state_->live.find(fiber->id); at != state_->live.end()) {
            all.push_back(at->second);
            all.back().name = fiber->record != nullptr ? fiber->record->name : std::string();
        }
    }
    return most_first(std::move(all));
}

std::vector<CpuUse> CpuProfile::places() const {
    state_->account(0);
    std::map<Place, CpuUse> sums = state_->ended;
    for (const auto& [id, use] : state_->live) {
        auto [at, added] = sums.try_emplace(place_of(use.where));
        if (added) {
            at->second.greenlets = 0;
        }
        add(at->second, use);
    }
    std::vector<CpuUse> all;
    all.reserve(sums.size());
    for (const auto& [place, sum] : sums) {
        all.push_back(sum);
    }
    return most_first(std::move(all));
}

void CpuProfile::restart() noexcept {
    state_->live.clear();
    state_->ended.clear();
    state_->since_ns = sys::thread_cpu_ns();
}

}  // namespace tendril
