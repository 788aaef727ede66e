// SPDX-License-Identifier: MIT
//
// AssertSwitches, and Fiber's part in it: while one exists, `attention` says so, and every wait takes its slow path.

#include <tendril/assert_switches.hpp>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "base/report.hpp"
#include "hub/hub_core.hpp"

namespace tendril {

using detail::Fiber;
using detail::HubCore;

namespace {

std::string complaint(const Site& where, std::chrono::nanoseconds longest, std::chrono::nanoseconds limit) {
    const auto ms = [](std::chrono::nanoseconds d) { return std::chrono::duration<double, std::milli>(d).count(); };
    char text[160];
    std::snprintf(text, sizeof text, ":%d held the hub for %.3f ms without a switch; the limit is %.3f ms", where.line,
                  ms(longest), ms(limit));
    return std::string("the code since ") + where.file + text + "; let it yield(), or offload() the computation";
}

}  // namespace

namespace detail {

void Fiber::stretch_ends() noexcept {
    for (AssertSwitches* each = asserts_switches; each != nullptr; each = each->outer_) {
        each->longest_ns_ = each->longest().count();
    }
}

void Fiber::stretch_begins() noexcept {
    for (AssertSwitches* each = asserts_switches; each != nullptr; each = each->outer_) {
        each->since_ns_ = Deadline::now_ns();
    }
}

}  // namespace detail

AssertSwitches::AssertSwitches(Duration limit, Site where)
    : fiber_(*HubCore::here().current), limit_(limit), where_(where), since_ns_(Deadline::now_ns()),
      outer_(fiber_.asserts_switches) {
    fiber_.asserts_switches = this;
    fiber_.attention |= Fiber::asserting;
}

AssertSwitches::~AssertSwitches() {
    if (exceeded() && !told_) {
        try {
            detail::report(complaint(where_, longest(), limit_));
        } catch (...) {
            detail::report("AssertSwitches: the limit was exceeded");
        }
    }
    AssertSwitches** link = &fiber_.asserts_switches;
    while (*link != this) {
        link = &(*link)->outer_;
    }
    *link = outer_;
    if (fiber_.asserts_switches == nullptr) {
        fiber_.attention &= static_cast<std::uint8_t>(~Fiber::asserting);
    }
}

void AssertSwitches::check() {
    if (exceeded()) {
        told_ = true;
        throw std::logic_error(complaint(where_, longest(), limit_));
    }
}

std::chrono::nanoseconds AssertSwitches::longest() const noexcept {
    return std::chrono::nanoseconds(std::max(longest_ns_, Deadline::now_ns() - since_ns_));
}

}  // namespace tendril
