// SPDX-License-Identifier: MIT

#include "context/hub_observer.hpp"

#include <utility>

namespace tendril {

namespace detail {

namespace {

// Of this OS thread.
constinit thread_local SwitchObserver users_observer = nullptr;
constinit thread_local SwitchObserver hubs_observer = nullptr;
constinit thread_local bool between_contexts = false;

void call_both(const SwitchEvent& event) noexcept {
    if (hubs_observer != nullptr && !between_contexts) {
        hubs_observer(event);
    }
    if (users_observer != nullptr) {
        users_observer(event);
    }
}

void choose(OsThread& os) noexcept {
    os.observer = hubs_observer != nullptr ? &call_both : users_observer;
}

}  // namespace

void set_hub_observer(OsThread& os, SwitchObserver observer) noexcept {
    hubs_observer = observer;
    choose(os);
}

void observe_contexts(OsThread& os, SwitchEvent::Kind kind, std::uint64_t from, std::uint64_t to) {
    if (os.observer != nullptr) [[unlikely]] {
        struct Between {
            Between() noexcept { between_contexts = true; }
            ~Between() { between_contexts = false; }
        } const between;
        os.observe(kind, from, to);
    }
}

}  // namespace detail

SwitchObserver switch_observer() {
    detail::OsThread::current();  // throws if it ends
    return detail::users_observer;
}

SwitchObserver set_switch_observer(SwitchObserver observer) {
    detail::OsThread& os = detail::OsThread::current();
    const SwitchObserver before = std::exchange(detail::users_observer, observer);
    detail::choose(os);
    return before;
}

}  // namespace tendril
