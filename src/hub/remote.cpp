// SPDX-License-Identifier: MIT
//
// Hub::Remote: functions that come from other OS threads.

#include <tendril/hub.hpp>

#include <memory>
#include <utility>

#include "hub/here.hpp"
#include "hub/hub_core.hpp"

namespace tendril {

namespace detail {

namespace {

// Belongs to the mailbox, then to the hub's callback list, and deletes itself when it leaves that.
class PostedLetter final : public Letter, public HubCallback {
public:
    explicit PostedLetter(std::unique_ptr<Posted> call) noexcept : Letter(&arrived), call_(std::move(call)) {}

    void run() noexcept override {
        const std::unique_ptr<PostedLetter> mine(this);
        try {
            call_->call();
        } catch (...) {
            HubCore::here().report({0, {}, {}, "posted function"}, std::current_exception());
        }
    }

    void dropped() noexcept override {
        HubCallback::unlink();
        delete this;
    }

private:
    static void arrived(Letter& letter, bool hub_lives) noexcept {
        auto& self = static_cast<PostedLetter&>(letter);
        if (hub_lives) {
            HubCore::here().post(self);
        } else {
            delete &self;
        }
    }

    std::unique_ptr<Posted> call_;
};

}  // namespace
}  // namespace detail

Hub::Remote Hub::remote() {
    detail::here::require_owner("a Hub", core_.os.serial);
    core_.have_callback_fiber();
    return Remote(core_.mailbox);
}

bool Hub::Remote::post(std::unique_ptr<detail::Posted> call) const {
    auto letter = std::make_unique<detail::PostedLetter>(std::move(call));
    if (!mailbox_->send(*letter)) {
        return false;
    }
    static_cast<void>(letter.release());  // the hub's now, and perhaps run already
    return true;
}

}  // namespace tendril
