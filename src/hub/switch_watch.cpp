// SPDX-License-Identifier: MIT
//
// HubCore's part in its SwitchWatches.

#include "hub/switch_watch.hpp"

#include "context/hub_observer.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

namespace {

// One may remove itself.
template <class F>
void for_all(List<SwitchWatch>& watches, F f) noexcept {
    for (SwitchWatch *each = watches.front(), *next = nullptr; each != nullptr; each = next) {
        next = watches.after(*each);
        f(*each);
    }
}

}  // namespace

void HubCore::on_switch(const SwitchEvent& event) noexcept {
    const std::int64_t now = Deadline::now_ns();
    for_all(if_any()->switch_watches, [&](SwitchWatch& each) { each.switches(event.to, now); });
}

void HubCore::tell_each_watch(void (SwitchWatch::*what)(std::int64_t now_ns) noexcept) noexcept {
    const std::int64_t now = Deadline::now_ns();
    for_all(switch_watches, [&](SwitchWatch& each) { (each.*what)(now); });
}

void HubCore::add_watch(SwitchWatch& watch) noexcept {
    if (!watch.linked()) {
        switch_watches.push_back(watch);
        set_hub_observer(os, &HubCore::on_switch);
    }
}

void HubCore::remove_watch(SwitchWatch& watch) noexcept {
    watch.unlink();
    if (switch_watches.empty()) {
        set_hub_observer(os, nullptr);
    }
}

}  // namespace tendril::detail
