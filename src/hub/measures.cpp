// SPDX-License-Identifier: MIT

#include "hub/measures.hpp"

#include <tendril/snapshot.hpp>

#include "hub/hub_core.hpp"

namespace tendril::detail {

void Measures::want() noexcept {
    wanted_until_ns_ = Deadline::now_ns() + patience_ns;
    if (!linked()) {
        since_ns_ = sampled_ns_ = 0;  // what ran until now was not seen
        hub_.add_watch(*this);
    }
}

SchedulingInfo Measures::info() const noexcept {
    SchedulingInfo info;
    info.measured = linked();
    info.run_queue_delay = delays_;
    info.stretches = stretches_;
    info.longest = {longest_.took, longest_.greenlet, longest_.where};
    const Longest& recent = windows_[0].took >= windows_[1].took ? windows_[0] : windows_[1];
    info.recent = {recent.took, recent.greenlet, recent.where};
    return info;
}

void Measures::switches(std::uint64_t, std::int64_t now_ns) noexcept {
    if (now_ns >= wanted_until_ns_) {
        hub_.remove_watch(*this);
        return;
    }
    end_stretch(now_ns);
    since_ns_ = now_ns;
    end_sample(now_ns);
    if (sampled_ns_ == 0) {
        begin_sample(now_ns);
    }
}

void Measures::sleeps(std::int64_t now_ns) noexcept {
    end_stretch(now_ns);
    since_ns_ = 0;
    sampled_ns_ = 0;  // a green thread that became ready now would not wait for its turn
}

void Measures::wakes(std::int64_t now_ns) noexcept {
    const bool goes_on = !hub_.ready.empty() && &hub_.ready.front() == hub_.current;
    since_ns_ = goes_on ? now_ns : 0;  // else only its stack was used to poll, and another one runs next
    if (hub_.ready.size() == 1) {
        delays_.add(std::chrono::nanoseconds(0));
    } else if (!hub_.ready.empty()) {
        begin_sample(now_ns);
    }
}

void Measures::end_stretch(std::int64_t now_ns) noexcept {
    if (since_ns_ == 0) {
        return;
    }
    const std::chrono::nanoseconds took(now_ns - since_ns_);
    stretches_.add(took);
    if (now_ns - window_begin_ >= window_ns) {
        windows_[1] = now_ns - window_begin_ < 2 * window_ns ? windows_[0] : Longest();
        windows_[0] = {};
        window_begin_ = now_ns;
    }
    if (took > windows_[0].took) {
        windows_[0] = {took, hub_.current->id, hub_.current->where};
        if (took > longest_.took) {
            longest_ = windows_[0];
        }
    }
}

void Measures::begin_sample(std::int64_t now_ns) noexcept {
    place_ = hub_.ready.end_place();
    sampled_ns_ = now_ns;
}

void Measures::end_sample(std::int64_t now_ns) noexcept {
    if (sampled_ns_ != 0 && hub_.ready.is_past(place_)) {
        delays_.add(std::chrono::nanoseconds(now_ns - sampled_ns_));
        sampled_ns_ = 0;
    }
}

}  // namespace tendril::detail
