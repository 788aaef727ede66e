// SPDX-License-Identifier: MIT

#include <tendril/detail/hub/inherited.hpp>

#include <algorithm>
#include <atomic>
#include <utility>

#include "hub/here.hpp"

namespace tendril::detail {

void InheritedPtr::add() const noexcept {
    values_->pointers_.fetch_add(1, std::memory_order_relaxed);
}

void InheritedPtr::drop() const noexcept {
    if (values_->pointers_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        delete values_;
    }
}

InheritedPtr Inherited::with(const InheritedPtr& before, std::uint64_t variable, std::shared_ptr<const void> value) {
    auto made = std::make_unique<Inherited>();
    std::vector<Entry>& entries = made->entries_;
    if (before != nullptr) {
        entries = before->entries_;
    }
    const auto there =
        std::find_if(entries.begin(), entries.end(), [&](const Entry& each) { return each.variable == variable; });
    if (value == nullptr) {
        if (there != entries.end()) {
            entries.erase(there);
        }
    } else if (there != entries.end()) {
        there->value = std::move(value);
    } else {
        entries.push_back({variable, std::move(value)});
    }
    return entries.empty() ? nullptr : InheritedPtr(*made.release());
}

namespace {
thread_local InheritedPtr without_hub;  // of an OS thread that has no hub yet: a job's, in a thread of a ThreadPool
}

InheritedPtr& inherited_here() noexcept {
    const Scheduler* hub = Scheduler::if_any();
    return hub != nullptr ? hub->current->inherited : without_hub;
}

InheritedPtr inherited_by_hub() noexcept {
    return std::exchange(without_hub, nullptr);
}

std::uint64_t next_variable() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

}  // namespace tendril::detail
