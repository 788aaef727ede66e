// SPDX-License-Identifier: MIT
//
// Links: callbacks for the end of a green thread.

#include <stdexcept>
#include <utility>

#include <tendril/greenlet.hpp>

#include "hub/hub_core.hpp"

namespace tendril {

using detail::Ending;
using detail::EndObserver;
using detail::HubCore;
using detail::Record;

// Held by its Link, by the record it waits for, and by the hub's callback list; freed when nobody holds it.
struct Link::Node final : EndObserver, detail::HubCallback {
    AnyGreenlet target;
    AnyGreenlet::Callback callback;
    bool on_value;
    bool on_error;
    bool held = true;     // by a Link
    bool waiting = true;  // for the end, or in the callback list, or running

    Node(AnyGreenlet t, AnyGreenlet::Callback f, bool value, bool error)
        : EndObserver(&Node::on_end), target(std::move(t)), callback(std::move(f)), on_value(value), on_error(error) {}

    static void on_end(EndObserver& self, Record& record) noexcept { static_cast<Node&>(self).due(record); }

    void due(Record& record) noexcept {
        const bool value = record.ending == Ending::value;
        if (value ? on_value : on_error) {
            record.error_seen = record.error_seen || !value;
            HubCore::here().post(*this);
        } else {
            settled();
        }
    }

    void run(HubCore& hub) noexcept override {
        try {
            callback(target);
        } catch (...) {
            hub.report({target.id(), target.name(), target.where(), "link callback of green thread"},
                       std::current_exception());
        }
        settled();
    }

    void settled() noexcept {
        waiting = false;
        if (!held) {
            delete this;
        }
    }
};

Link Link::make(const AnyGreenlet& target, AnyGreenlet::Callback callback, bool on_value, bool on_error) {
    if (!callback) {
        throw std::invalid_argument("link() needs a callback; this one is empty");
    }
    HubCore& hub = HubCore::here();
    hub.have_callback_fiber();
    auto* node = new Node(target, std::move(callback), on_value, on_error);
    Link link(node);
    Record& record = *detail::Access::pointer(target).get();
    if (record.ending == Ending::none) {
        record.observers.push_back(*node);
    } else {
        node->due(record);
    }
    return link;
}

Link::Link(Link&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}

Link& Link::operator=(Link&& other) noexcept {
    if (this != &other) {
        unlink();
        node_ = std::exchange(other.node_, nullptr);
    }
    return *this;
}

Link::~Link() {
    unlink();
}

void Link::unlink() noexcept {
    Node* node = std::exchange(node_, nullptr);
    if (node == nullptr) {
        return;
    }
    const bool in_a_list = node->EndObserver::linked() || node->HubCallback::linked();
    node->EndObserver::unlink();
    node->HubCallback::unlink();
    node->held = false;
    if (in_a_list || !node->waiting) {
        delete node;
    }  // else it runs, and goes when it has
}

void Link::keep() noexcept {
    if (Node* node = std::exchange(node_, nullptr); node != nullptr) {
        node->held = false;
        if (!node->waiting) {
            delete node;
        }
    }
}

namespace {

void require_target(const AnyGreenlet& target) {
    Record* record = detail::Access::pointer(target).get();
    if (record == nullptr) {
        throw std::logic_error("this handle refers to no green thread: it was default-made or moved from");
    }
    HubCore::require_here("a green thread's handle", record->owner);
}

}  // namespace

Link AnyGreenlet::link(Callback callback) const {
    require_target(*this);
    return Link::make(*this, std::move(callback), true, true);
}

Link AnyGreenlet::link_value(Callback callback) const {
    require_target(*this);
    return Link::make(*this, std::move(callback), true, false);
}

Link AnyGreenlet::link_exception(Callback callback) const {
    require_target(*this);
    return Link::make(*this, std::move(callback), false, true);
}

}  // namespace tendril
