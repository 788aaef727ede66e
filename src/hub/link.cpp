// SPDX-License-Identifier: MIT
//
// Links: callbacks for the end of a green thread, or for a result.

#include <tendril/link.hpp>

#include <stdexcept>
#include <utility>

#include <tendril/greenlet.hpp>

#include "hub/hub_core.hpp"

namespace tendril {

using detail::Ending;
using detail::HubCore;
using detail::Observer;
using detail::Record;
using detail::RecordPtr;

// Held by its Link, by the record it waits for, and by the hub's callback list; freed when none of them holds it. It
// keeps the record alive only once the callback is due: a result that can no longer be set is freed, and its links with
// it.
struct Link::Node final : Observer, detail::HubCallback {
    Record& observed;
    RecordPtr<Record> target;  // `observed`, once it has ended
    Callback callback;
    bool on_value;
    bool on_error;
    bool held = true;     // by a Link
    bool waiting = true;  // for the end, in the callback list, or running

    Node(Record& record, Callback f, bool value, bool error)
        : Observer(&Node::on_end), observed(record), callback(std::move(f)), on_value(value), on_error(error) {}

    static void on_end(Observer& self) noexcept { static_cast<Node&>(self).due(); }

    void due() noexcept {
        const Ending ending = observed.ending;
        const bool value = ending == Ending::value;
        HubCore* hub = HubCore::if_any();
        if (ending != Ending::none && hub != nullptr && (value ? on_value : on_error)) {
            ++observed.references;
            target = RecordPtr<Record>(&observed);
            target->error_seen = target->error_seen || !value;
            hub->post(*this);
        } else {
            settled();
        }
    }

    void run() noexcept override {
        try {
            callback(target);
        } catch (...) {
            const bool result = target->id == 0;
            HubCore::here().report({target->id, target->name, target->where,
                                    result ? "link callback of an AsyncResult" : "link callback of green thread"},
                                   std::current_exception());
        }
        settled();
    }

    void dropped() noexcept override {
        HubCallback::unlink();
        settled();
    }

    void settled() noexcept {
        waiting = false;
        if (!held) {
            delete this;
        }
    }
};

void detail::drop_links(Record& record) noexcept {
    for (Observer *each = record.observers.front(), *next = nullptr; each != nullptr; each = next) {
        next = record.observers.after(*each);
        if (each->notify == &Link::Node::on_end) {
            each->unlink();
            static_cast<Link::Node*>(each)->settled();
        }
    }
}

Link::Link(Record& target, Callback callback, bool on_value, bool on_error) {
    HubCore::here().have_callback_fiber();
    node_ = new Node(target, std::move(callback), on_value, on_error);
    if (target.ending == Ending::none) {
        target.observers.push_back(*node_);
    } else {
        node_->due();
    }
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
    const bool in_a_list = node->Observer::linked() || node->HubCallback::linked();
    node->Observer::unlink();
    node->HubCallback::unlink();
    node->held = false;
    if (in_a_list || !node->waiting) {
        delete node;
    }  // else it is running, and is deleted afterwards
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

Link link_to(const AnyGreenlet& target, AnyGreenlet::Callback callback, bool on_value, bool on_error) {
    Record& record = detail::checked(detail::RecordAccess::of(target));
    if (!callback) {
        throw std::invalid_argument("link() needs a callback; this one is empty");
    }
    auto run = [f = std::move(callback)](const RecordPtr<Record>& ended) {
        f(detail::HandleMaker::make<AnyGreenlet>(ended));
    };
    return detail::LinkMaker::make(record, std::move(run), on_value, on_error);
}

}  // namespace

Link AnyGreenlet::link(Callback callback) const {
    return link_to(*this, std::move(callback), true, true);
}

Link AnyGreenlet::link_value(Callback callback) const {
    return link_to(*this, std::move(callback), true, false);
}

Link AnyGreenlet::link_exception(Callback callback) const {
    return link_to(*this, std::move(callback), false, true);
}

}  // namespace tendril
