// SPDX-License-Identifier: MIT

#include "hub/descriptor.hpp"

#include <string>
#include <system_error>

#include "base/sys.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

Descriptors::~Descriptors() {
    for (Descriptor& d : slots_) {
        if (d.fd >= 0) {
            sys::close(d.fd);
        }
    }
}

Descriptor& Descriptors::open(int fd) {
    Descriptor* d = first_free_;
    if (d != nullptr) {
        first_free_ = d->next_free;
    } else {
        try {
            d = &slots_.emplace_back();
        } catch (...) {
            sys::close(fd);
            throw;
        }
        d->index = static_cast<std::uint32_t>(slots_.size() - 1);
        d->hub = &hub_;
    }
    d->fd = fd;
    d->registered = d->hangup = false;
    d->short_read_empties = true;
    d->readable = d->writable = true;
    ++open_;
    return *d;
}

void Descriptors::close(Descriptor& d) noexcept {
    for (Waiter* w : {d.reader, d.writer}) {
        if (w != nullptr) {
            w->resolve(Outcome::closed);
        }
    }
    d.reader = d.writer = nullptr;
    ++d.generation;
    registered_ -= d.registered ? 1 : 0;
    --open_;
    sys::close(d.fd);
    d.fd = -1;
    d.next_free = first_free_;
    first_free_ = &d;
}

void Descriptors::refuse_second(const Descriptor& d, Direction direction) const {
    const Waiter* place = direction == Direction::read ? d.reader : d.writer;
    if (place != nullptr) [[unlikely]] {
        throw ConcurrentUse(std::string("green thread ") + std::to_string(place->fiber.id) + " waits in " +
                            place->what +
                            " on this descriptor already; give each direction of a socket to one green thread");
    }
}

Outcome Descriptors::wait(Descriptor& d, Direction direction, const char* what, Deadline deadline) {
    refuse_second(d, direction);
    Waiter*& place = direction == Direction::read ? d.reader : d.writer;
    if (!d.registered) {
        if (const int r = hub_.backend->add(d.fd, d.token()); r < 0) {
            throw std::system_error(-r, std::generic_category(), "cannot wait for this descriptor");
        }
        d.registered = true;
        ++registered_;
    }
    const bool& ready = direction == Direction::read ? d.readable : d.writable;
    if (ready) {
        return Outcome::signalled;
    }

    Waiter waiter(what);
    struct Waiting {
        Descriptors& all;
        Waiter*& place;
        Waiter& waiter;
        ~Waiting() {
            --all.waiting_;
            if (place == &waiter) {  // else it was closed meanwhile, and the slot may be another's by now
                place = nullptr;
            }
        }
    } waiting{*this, place, waiter};
    place = &waiter;
    ++waiting_;
    const std::uint32_t generation = d.generation;
    const Outcome outcome = waiter.wait(deadline);
    return d.generation == generation ? outcome : Outcome::closed;  // closed between the edge and our turn
}

void Descriptors::on_event(const BackendEvent& event) noexcept {
    Descriptor& d = slots_[static_cast<std::uint32_t>(event.token)];
    if (d.generation != static_cast<std::uint32_t>(event.token >> 32)) {
        return;  // of one that was closed
    }
    d.hangup = d.hangup || event.hangup;
    if (event.readable) {
        d.readable = true;
        if (d.reader != nullptr) {
            d.reader->resolve(Outcome::signalled);
        }
    }
    if (event.writable) {
        d.writable = true;
        if (d.writer != nullptr) {
            d.writer->resolve(Outcome::signalled);
        }
    }
}

}  // namespace tendril::detail
