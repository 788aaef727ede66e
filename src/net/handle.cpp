// SPDX-License-Identifier: MIT

#include "net/handle.hpp"

#include <memory>
#include <utility>

#include <tendril/detail/hub/observer.hpp>

#include "base/report.hpp"
#include "base/sys.hpp"
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
    } else if (here::has_hub()) {
        here::descriptors().close(*d);
    }  // else the hub has ended, and has closed it
}

void Handle::refuse(const char* object) const {
    if (descriptor_ == nullptr) {
        fail(-EBADF, std::string(object) + " is closed");
    }
    here::require_owner(object, owner_);
    fail(-EBADF, std::string(object) + " was closed when its hub ended");
}

int Handle::fd() const noexcept {
    return descriptor_ != nullptr && owner_ == OsThread::current_serial() && here::has_hub() ? descriptor_->fd : -1;
}

int Handle::release(const char* object) {
    Descriptor& d = use(object);
    descriptor_ = nullptr;
    return here::descriptors().release(d);
}

namespace {

// Notifies an Observer when a descriptor becomes readable. It waits for the system, so the hub may sleep meanwhile.
struct ReadyWatch final : Observer::Bond, Interest {
    Observer& observer;
    Presence keeps;  // keeps the hub waiting for events
    bool notified = false;

    explicit ReadyWatch(Observer& o) noexcept : Interest(events::read, &ReadyWatch::on_event), observer(o) {
        here::keep_awaiting(keeps);
    }
    ReadyWatch(const ReadyWatch&) = delete;
    ReadyWatch& operator=(const ReadyWatch&) = delete;
    ~ReadyWatch() override { here::descriptors().unwatch(*this); }

    static void on_event(Interest& interest, Events what) noexcept {
        auto& self = static_cast<ReadyWatch&>(interest);
        if ((what & static_cast<Events>(~events::write)) != 0 && !std::exchange(self.notified, true)) {
            self.observer.notify(self.observer);
        }
    }
};

}  // namespace

bool Handle::ready(const char* object) const {
    if (descriptor_ == nullptr) {
        return true;  // any call on it fails at once
    }
    pollfd asked{use(object).fd, POLLIN, 0};
    return sys::poll(&asked, 1, 0) != 0;
}

void Handle::observe(const char* object, Observer& observer) const {
    Descriptor& d = use(object);
    auto watch = std::make_unique<ReadyWatch>(observer);
    if (const int r = here::descriptors().watch(d.fd, *watch); r < 0) {
        fail(r, "wait for " + std::string(object));
    }
    observer.bond = std::move(watch);
}

}  // namespace tendril::detail
