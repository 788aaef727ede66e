// SPDX-License-Identifier: MIT
//
// CollectingBackend: lets a hub that has nothing to do sleep longer than it must, so that it wakes up less often and
// finds more events then (Hub::set_collect_intervals). It wraps a hub's backend; a hub without one pays nothing.
//
// wake() stays with the wrapped backend, which the mailbox and the signals know; so a wake-up waits until the
// collecting is over.

#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "hub/backend.hpp"

namespace tendril {
class Duration;
}

namespace tendril::detail {

class CollectingBackend final : public Backend {
public:
    explicit CollectingBackend(std::unique_ptr<Backend> wrapped) noexcept
        : Backend(wrapped->persistent()), wrapped_(std::move(wrapped)) {}

    void set(std::int64_t events_ns, std::int64_t timers_ns) noexcept {
        events_ns_ = events_ns;
        timers_ns_ = timers_ns;
    }
    std::unique_ptr<Backend> take() noexcept { return std::move(wrapped_); }
    Backend& wrapped() const noexcept { return *wrapped_; }

    const char* name() const noexcept override { return wrapped_->name(); }
    int arm(int fd, std::uint64_t token, Events what, bool again) noexcept override {
        return wrapped_->arm(fd, token, what, again);
    }
    void disarm(int fd, std::uint64_t token) noexcept override { wrapped_->disarm(fd, token); }
    std::span<const BackendEvent> wait(std::int64_t timeout_ns) override;
    void wake() noexcept override { wrapped_->wake(); }
    int descriptor() noexcept override { return wrapped_->descriptor(); }
    void flush() noexcept override { wrapped_->flush(); }

private:
    std::unique_ptr<Backend> wrapped_;
    std::int64_t events_ns_ = 0;  // between two looks, at least
    std::int64_t timers_ns_ = 0;  // a sleep, at least
    std::int64_t looked_ns_ = 0;
};

// Returns the backend that a hub's is, or wraps: who wakes the hub may keep it for as long as the hub lives.
Backend& innermost(Backend& backend) noexcept;

// Wraps the backend, changes its wrapping, or, if both are zero, unwraps it. Throws: std::invalid_argument for more
// than a second; std::bad_alloc; and then nothing has changed.
void collect(std::unique_ptr<Backend>& backend, Duration events, Duration timers);

}  // namespace tendril::detail
