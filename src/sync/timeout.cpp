// SPDX-License-Identifier: MIT

#include <tendril/timeout.hpp>

#include <atomic>
#include <stdexcept>

#include "hub/here.hpp"

namespace tendril {

namespace {

std::uint64_t next_serial() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

const char* Timeout::Expired::what() const noexcept {
    return "a Timeout expired";
}

Timeout::TimerNode::TimerNode(Timeout& t) noexcept
    : Timer([](detail::Timer& self) noexcept {
          Timeout& expired = static_cast<TimerNode&>(self).timeout;
          expired.fiber_.expire(expired.expiry_);
      }),
      timeout(t) {}

Timeout::ExpiryNode::ExpiryNode(Timeout& t) noexcept
    : Expiry([](detail::Expiry& self) {
          Timeout& expired = static_cast<ExpiryNode&>(self).timeout;
          expired.thrown_ = true;
          if (expired.error_ != nullptr) {
              std::rethrow_exception(expired.error_);
          }
          throw Expired(expired.serial_);
      }),
      timeout(t) {}

Timeout::Timeout(Deadline deadline)
    : fiber_(detail::here::fiber()), serial_(next_serial()), timer_(*this), expiry_(*this) {
    arm(deadline);
}

Timeout::Timeout(Deadline deadline, std::exception_ptr error)
    : fiber_(detail::here::fiber()), serial_(next_serial()), error_(std::move(error)), timer_(*this), expiry_(*this) {
    if (error_ == nullptr) {
        throw std::invalid_argument("a Timeout needs an exception to throw; this one is null");
    }
    arm(deadline);
}

Timeout::~Timeout() {
    cancel();
}

void Timeout::arm(Deadline deadline) {
    if (deadline.is_never()) {
        return;
    }
    if (deadline.passed()) {
        fiber_.expire(expiry_);
    } else {
        fiber_.hub.timers.arm(timer_, deadline.ns());
    }
}

void Timeout::cancel() noexcept {
    fiber_.hub.timers.cancel(timer_);
    fiber_.withdraw(expiry_);
}

void Timeout::reset(Deadline deadline) {
    detail::here::require_owner("a Timeout", fiber_.hub.os.serial);
    cancel();
    if (!expiry_.linked()) {  // if linked, it is about to be thrown
        thrown_ = false;
        arm(deadline);
    }
}

bool Timeout::pending() const noexcept {
    return timer_.armed() || expiry_.linked();
}

bool Timeout::expired() const noexcept {
    return thrown_;
}

}  // namespace tendril
