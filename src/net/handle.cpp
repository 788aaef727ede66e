// SPDX-License-Identifier: MIT

#include <tendril/detail/handle.hpp>

#include <algorithm>

#include "base/report.hpp"
#include "net/transfer.hpp"

namespace tendril::detail {

Handle::Handle(Descriptor& d) noexcept : descriptor_(&d), owner_(d.hub->os.serial) {}

void Handle::close() noexcept {
    Descriptor* d = std::exchange(descriptor_, nullptr);
    if (d == nullptr) {
        return;
    }
    if (owner_ != OsThread::current_serial()) {
        report("a socket or pipe of OS thread " + std::to_string(owner_) + " was closed on OS thread " +
               std::to_string(OsThread::current_serial()) +
               "; it stays open until its hub ends: close it where it was made");
    } else if (HubCore* hub = HubCore::if_any(); hub != nullptr) {
        hub->descriptors.close(*d);
    }  // else the hub has ended, and closed it
}

Descriptor& Handle::use(const char* object) const {
    HubCore* hub = HubCore::if_any();
    if (descriptor_ == nullptr || hub == nullptr || hub->os.serial != owner_) [[unlikely]] {
        refuse(object);
    }
    return *descriptor_;
}

void Handle::refuse(const char* object) const {
    if (descriptor_ == nullptr) {
        fail(-EBADF, std::string(object) + " is closed");
    }
    HubCore::require_here(object, owner_);
    fail(-EBADF, std::string(object) + " was closed when its hub ended");
}

int Handle::fd() const noexcept {
    return descriptor_ != nullptr && owner_ == OsThread::current_serial() && HubCore::if_any() != nullptr
               ? descriptor_->fd
               : -1;
}

int Handle::release(const char* object) {
    Descriptor& d = use(object);
    descriptor_ = nullptr;
    return d.hub->descriptors.release(d);
}

Descriptor& begin(const Handle& handle, const char* object, Direction direction, const char* what) {
    Descriptor& d = handle.use(object);
    d.hub->refuse_in_callback();
    if (--d.hub->budget <= 0) [[unlikely]] {
        Descriptors::refuse_second(d, direction);
        yield_amid(d, direction == Direction::read ? d.reader : d.next_writer, object, what);
    }
    return d;
}

void yield_amid(Descriptor& d, Waiter*& place, const char* object, const char* what) {
    const Placed placed(place, what);
    const std::uint32_t generation = d.generation;
    d.hub->yield();
    if (d.generation != generation || placed.outcome() == Outcome::closed) {
        fail(-EBADF, std::string(object) + " was closed by another green thread");
    }
    if (placed.outcome() == Outcome::timed_out) {  // by Descriptors::expire()
        fail_wait(placed.outcome(), what, 0);
    }
}

void pause_before_retry(std::chrono::milliseconds& pause, Deadline deadline, const char* what,
                        const std::string& doing) {
    constexpr std::chrono::milliseconds longest(50);
    if (deadline.passed()) {
        throw TimeoutError(doing);
    }
    Waiter waiter(what);
    waiter.wait(std::min(Deadline(pause), deadline));
    pause = std::min(pause * 2, longest);
}

void fail_wait(Outcome outcome, const char* what, std::size_t done) {
    if (outcome == Outcome::timed_out) {
        throw TimeoutError(what, done);
    }
    fail(-EBADF, std::string(what) + ": closed by another green thread");
}

}  // namespace tendril::detail
