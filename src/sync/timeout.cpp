// SPDX-License-Identifier: MIT

#include <tendril/timeout.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/escape.hpp"
#include "base/timed_out.hpp"
#include "hub/here.hpp"

namespace tendril {

namespace {

std::uint64_t next_serial() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

constexpr std::string_view file_name(std::string_view path) noexcept {
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace

const char* Timeout::Expired::what() const noexcept {
    return text_.get([this] { return text(); }, "a Timeout expired");
}

// a Timeout of 2 s (fetch.cpp:41) expired while green thread 17 "reader" waited in recv for 1.98 s
std::string Timeout::Expired::text() const {
    std::string text = "a Timeout of " + detail::short_duration(facts_.length_ns);
    if (*facts_.file != 0) {
        text += " (" + std::string(file_name(facts_.file));
        text += facts_.line != 0 ? ":" + std::to_string(facts_.line) + ")" : ")";
    }
    text += facts_.wait.begun ? " expired while green thread " : " expired before green thread ";
    text += std::to_string(facts_.id);
    if (*facts_.name != 0) {
        text += " \"" + detail::escaped(facts_.name) + '"';
    }
    text += " waited in " + std::string(facts_.wait.call);
    return facts_.wait.since_ns > 0 ? text + " for " + detail::short_duration(facts_.waited_ns) : text;
}

void Timeout::on_time(detail::Timer& self) noexcept {
    auto& timeout = static_cast<Timeout&>(self);
    timeout.fiber_->expire(timeout);
}

void Timeout::on_throw(detail::Expiry& self, const detail::BrokenWait& wait) {
    auto& timeout = static_cast<Timeout&>(self);
    timeout.thrown_ = true;
    if (timeout.error_ != nullptr) {
        std::rethrow_exception(timeout.error_);
    }
    const detail::Fiber& fiber = *timeout.fiber_;
    Expired::Facts facts{.serial = timeout.serial_,
                         .length_ns = timeout.length_ns_,
                         .file = timeout.file_,
                         .line = timeout.line_,
                         .wait = wait,
                         .waited_ns = Deadline::now_ns() - wait.since_ns,
                         .id = fiber.id,
                         .name = {}};
    if (const detail::Record* record = fiber.record; record != nullptr) {
        facts.name[record->name.copy(facts.name, sizeof facts.name - 1)] = 0;
    }
    throw Expired(facts);
}

Timeout::Timeout(Deadline deadline, std::exception_ptr error, Site at)
    : Timer(&Timeout::on_time), Expiry(&Timeout::on_throw), file_(at.file), line_(at.line), error_(std::move(error)) {
    if (error_ == nullptr) {
        throw std::invalid_argument("a Timeout needs an exception to throw; this one is null");
    }
    start(deadline);
}

void Timeout::start(Deadline deadline) {
    fiber_ = &detail::here::fiber();
    serial_ = next_serial();
    arm(deadline);
}

Timeout::~Timeout() {
    cancel();
}

void Timeout::arm(Deadline deadline) {
    deadline_ = deadline;
    if (deadline.is_never()) {
        length_ns_ = forever.count();
        return;
    }
    if (const std::int64_t left = deadline.ns() - Deadline::now_ns(); left > 0) {
        length_ns_ = left;
        if (fiber_->daemon) {
            fiber_->hub.timers.arm_background(*this, deadline);
        } else {
            fiber_->hub.timers.arm(*this, deadline);
        }
    } else {
        length_ns_ = 0;
        fiber_->expire(*this);
    }
}

void Timeout::cancel() noexcept {
    fiber_->hub.timers.cancel(*this);
    fiber_->withdraw(*this);
}

void Timeout::reset(Deadline deadline) {
    detail::here::require_owner("a Timeout", fiber_->hub.os.serial);
    cancel();
    if (!linked()) {  // if linked, it is about to be thrown
        thrown_ = false;
        arm(deadline);
    }
}

bool Timeout::pending() const noexcept {
    return armed() || linked();
}

bool Timeout::expired() const noexcept {
    return thrown_;
}

}  // namespace tendril
