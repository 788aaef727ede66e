// SPDX-License-Identifier: MIT

#include "patch/any_ready.hpp"

#include <poll.h>

#include <cstdlib>

namespace tendril::patch::detail {

using tendril::detail::Interest;

Events events_of_poll(short what) noexcept {
    Events wanted = events::hangup;  // errors are always reported
    if ((what & (POLLIN | POLLRDNORM | POLLRDBAND | POLLRDHUP)) != 0) {
        wanted |= events::read;
    }
    if ((what & (POLLOUT | POLLWRNORM | POLLWRBAND)) != 0) {
        wanted |= events::write;
    }
    if ((what & POLLPRI) != 0) {
        wanted |= events::priority;
    }
    return wanted;
}

AnyReady::Node::Node(AnyReady& all, Events what) noexcept : Interest(what, &Node::on_event), whole(all) {}

void AnyReady::Node::on_event(Interest& interest, Events what) noexcept {
    auto& node = static_cast<Node&>(interest);
    if ((what & (node.wanted | events::hangup | events::invalid)) != 0) {
        node.whole.waiter_.resolve(Outcome::signalled);
    } else {
        tendril::detail::here::descriptors().keep_watching(node);
    }
}

AnyReady::AnyReady(std::size_t n) noexcept
    : waiter_("a patched poll"),
      nodes_(reinterpret_cast<Node*>(n <= few ? static_cast<void*>(room_) : std::malloc(n * sizeof(Node)))) {}

AnyReady::~AnyReady() {
    for (std::size_t i = 0; i < count_; ++i) {
        tendril::detail::here::descriptors().unwatch(nodes_[i]);
        nodes_[i].~Node();
    }
    if (static_cast<void*>(nodes_) != room_) {
        std::free(static_cast<void*>(nodes_));
    }
}

bool AnyReady::add(int fd, Events what) noexcept {
    // What the backend is armed for must not be empty; errors and hang-ups come in any case.
    const auto armed = static_cast<Events>(what & ~events::hangup);
    Node& node = *::new (&nodes_[count_]) Node(*this, armed != 0 ? armed : events::priority);
    ++count_;
    try {
        return tendril::detail::here::descriptors().watch(fd, node, true) == 0;
    } catch (...) {
        return false;
    }
}

Wait AnyReady::wait(Deadline deadline) noexcept {
    return await_notified(waiter_, deadline, false);
}

}  // namespace tendril::patch::detail
