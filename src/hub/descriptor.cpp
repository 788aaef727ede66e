// SPDX-License-Identifier: MIT

#include "hub/descriptor.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include <tendril/detail/base/check.hpp>

#include "base/on_exit.hpp"
#include "base/sys.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

Descriptor& DescriptorSlots::take() {
    if (first_free_ == nullptr) {
        add_block();
    }
    ++used_;
    return *std::exchange(first_free_, first_free_->next_free);
}

void DescriptorSlots::put_back(Descriptor& d) noexcept {
    TENDRIL_ASSERT(!d.in_use && !d.registered && used_ > 0);
    --used_;
    d.next_free = first_free_;
    first_free_ = &d;
}

DescriptorSlots::~DescriptorSlots() {
    for (const Block& block : blocks_) {
        if (block.in_memory) {
            std::destroy_n(block.slots, per_block);
        }
        sys::release_memory(block.slots, per_block * sizeof(Descriptor));
    }
}

void DescriptorSlots::add_block() {
    auto at = std::find_if(blocks_.begin(), blocks_.end(), [](const Block& block) { return !block.in_memory; });
    if (at == blocks_.end()) {
        at = blocks_.emplace(at);
        at->slots = static_cast<Descriptor*>(sys::reserve_memory(per_block * sizeof(Descriptor)));
        if (at->slots == nullptr) {
            blocks_.pop_back();
            throw std::bad_alloc();
        }
    }
    at->in_memory = true;
    kept_ += per_block;
    const auto begin = static_cast<std::size_t>(at - blocks_.begin()) * per_block;
    for (std::size_t i = per_block; i-- > 0;) {
        Descriptor& d = *std::construct_at(&at->slots[i]);
        d.index = static_cast<std::uint32_t>(begin + i);
        d.generation = next_generation_;
        d.next_free = std::exchange(first_free_, &d);
    }
}

// Rebuilds the free list, lowest slot first, so that the last blocks become free.
void DescriptorSlots::give_back() noexcept {
    first_free_ = nullptr;
    for (std::size_t b = blocks_.size(); b-- > 0;) {
        Block& block = blocks_[b];
        if (!block.in_memory) {
            continue;
        }
        Descriptor* const before = first_free_;
        std::size_t free = 0;
        std::uint32_t generation = next_generation_;
        for (std::size_t i = per_block; i-- > 0;) {
            if (Descriptor& d = block.slots[i]; !d.in_use) {
                d.next_free = std::exchange(first_free_, &d);
                generation = std::max(generation, d.generation);
                ++free;
            }
        }
        // The system refuses if memory is locked: mlockall(2).
        if (free == per_block && sys::discard(block.slots, per_block * sizeof(Descriptor)) == 0) {
            first_free_ = before;
            next_generation_ = generation;
            block.in_memory = false;
            kept_ -= per_block;
        }
    }
    seen_kept_ = kept_;
    seen_used_ = used_;
}

Descriptors::~Descriptors() {
    slots_.for_each([this](Descriptor& d) {
        TENDRIL_ASSERT(d.reader == nullptr && d.writer == nullptr);
        if (d.fd >= 0 && d.owned) {
            disarm(d);  // else the backend would keep the open file, and with it an address in use, until its own end
            sys::close(d.fd);
        }
    });
}

void Descriptors::give_back() noexcept {
    slots_.give_back();
    while (!by_fd_.empty() && by_fd_.back() == nullptr) {
        by_fd_.pop_back();
    }
    if (by_fd_.size() < by_fd_.capacity() / 4) {
        by_fd_.shrink_to_fit();
    }
}

Descriptor& Descriptors::new_slot(int fd, bool owned) {
    if (const auto needed = static_cast<std::size_t>(fd) + 1; by_fd_.size() < needed) {
        by_fd_.resize(std::max(needed, by_fd_.size() * 2));
    }
    Descriptor* d = &slots_.take();
    TENDRIL_ASSERT(!d->in_use && d->generation != 0 && find(fd) == nullptr);
    d->hub = &hub_;
    d->in_use = true;
    d->fd = fd;
    d->owned = owned;
    d->armed = events::none;
    d->kept = d->registered = d->hangup = false;
    d->short_read_empties = d->readable = d->writable = true;
    by_fd_[static_cast<std::size_t>(fd)] = d;
    return *d;
}

Descriptor& Descriptors::open(int fd) {
    try {
        if (Descriptor* old = find(fd); old != nullptr) [[unlikely]] {
            lose(*old);
        }
        Descriptor& d = new_slot(fd, true);
        ++open_;
        return d;
    } catch (...) {
        sys::close(fd);
        throw;
    }
}

void Descriptors::close(Descriptor& d) noexcept {
    if (const int fd = release(d); fd >= 0) {
        sys::close(fd);
    }
}

int Descriptors::release(Descriptor& d) noexcept {
    TENDRIL_ASSERT(d.in_use && d.owned && open_ > 0);
    const int fd = d.fd;
    --open_;
    notify_closed(d);
    free_slot(d);
    return fd;
}

// Detaches the slot from a number that was closed, and may already be reused, behind the hub's back.
void Descriptors::lose(Descriptor& d) noexcept {
    notify_closed(d);
    if (d.owned) {
        by_fd_[static_cast<std::size_t>(d.fd)] = nullptr;
        d.fd = -1;
        ++d.generation;
    } else {
        free_slot(d);
    }
}

// Notifies and removes all waiters and Interests.
void Descriptors::notify_closed(Descriptor& d) noexcept {
    for (Waiter* w : {d.reader, d.writer}) {
        if (w != nullptr) {
            w->resolve(Outcome::closed);
        }
    }
    d.reader = d.writer = d.next_writer = nullptr;
    while (Interest* interest = d.interests.pop_front()) {
        interest->descriptor = nullptr;
        interest->notify(*interest, events::invalid);
    }
    disarm(d);
}

void Descriptors::disarm(Descriptor& d) noexcept {
    TENDRIL_ASSERT(d.registered || d.armed == events::none);
    if (d.registered) {
        TENDRIL_ASSERT(registered_ > 0 && d.fd >= 0);
        hub_.backend->disarm(d.fd, d.token());
        d.registered = false;
        d.armed = events::none;
        --registered_;
    }
}

void Descriptors::free_slot(Descriptor& d) noexcept {
    TENDRIL_ASSERT(d.in_use && d.reader == nullptr && d.writer == nullptr && d.interests.empty());
    disarm(d);
    ++d.generation;
    if (d.fd >= 0) {
        TENDRIL_ASSERT(find(d.fd) == &d);
        by_fd_[static_cast<std::size_t>(d.fd)] = nullptr;
        d.fd = -1;
    }
    d.in_use = false;
    slots_.put_back(d);
}

void Descriptors::refuse(const Waiter& first) {
    throw ConcurrentUse(std::string("green thread ") + std::to_string(first.fiber.id) + " already waits in " +
                        first.what + " on this descriptor; give each direction of a socket to one green thread");
}

int Descriptors::arm(Descriptor& d, Events what) noexcept {
    TENDRIL_ASSERT(d.in_use && d.fd >= 0 && what != events::none);
    const int r = hub_.backend->arm(d.fd, d.token(), what, d.registered);
    if (r < 0) {
        return r;
    }
    d.armed = hub_.backend->persistent() ? static_cast<Events>(events::read | events::write | events::priority)
                                         : static_cast<Events>(d.armed | what);
    registered_ += d.registered ? 0 : 1;
    d.registered = true;
    return 0;
}

// Inlined into both wait() functions: see Scheduler::park().
[[gnu::always_inline]] inline Outcome Descriptors::suspend(Descriptor& d, Direction direction, const char* what,
                                                           Deadline deadline) {
    Waiter waiter(what);
    Waiter*& place = d.place(direction);
    TENDRIL_ASSERT(place == nullptr && (d.armed & events_for(direction)) != 0);
    place = &waiter;
    const unsigned counted = waiter.fiber.daemon ? 0 : 1;
    waiting_ += counted;
    const OnExit woken([&] {
        waiting_ -= counted;
        if (place == &waiter) {  // else it was closed meanwhile, and another descriptor may have the slot
            place = nullptr;
        }
    });
    const std::uint32_t generation = d.generation;
    const Outcome outcome = waiter.wait_inline(deadline);
    return d.generation == generation ? outcome : Outcome::closed;  // closed between the event and this turn
}

TENDRIL_OPAQUE Outcome Descriptors::wait(Descriptor& d, Direction direction, const char* what, Deadline deadline) {
    refuse_second(d, direction);
    if (direction == Direction::write) {
        refuse_before_first_writer(d);
    }
    if ((d.armed & events_for(direction)) == 0) {
        if (const int r = arm(d, events_for(direction)); r < 0) {
            throw cannot_watch(d.fd, r);
        }
    }
    const bool& ready = direction == Direction::read ? d.readable : d.writable;
    return ready ? Outcome::signalled : suspend(d, direction, what, deadline);
}

namespace {

// Returns what the system reports now.
short poll_now(int fd, Direction direction) noexcept {
    pollfd one{fd, static_cast<short>(direction == Direction::read ? POLLIN | POLLRDHUP : POLLOUT), 0};
    int r = 0;
    do {
        r = sys::poll(&one, 1, 0);
    } while (r == -EINTR);
    return r < 0 ? static_cast<short>(POLLERR) : one.revents;
}

}  // namespace

TENDRIL_OPAQUE Outcome Descriptors::wait(int fd, Direction direction, const char* what, Deadline deadline) {
    if (Descriptor* d = find(fd); d != nullptr) {
        refuse_second(*d, direction);
    }
    for (;;) {
        const short now = fd < 0 ? POLLNVAL : poll_now(fd, direction);  // poll() ignores negative numbers
        if ((now & POLLNVAL) != 0) {
            throw std::system_error(EBADF, std::generic_category(),
                                    std::string(what) + ": descriptor " + std::to_string(fd) + " is not open");
        }
        if (now != 0) {
            return Outcome::signalled;
        }
        int r = 0;
        Descriptor* const adopted = adopt_armed(fd, events_for(direction), r);
        if (adopted == nullptr) {
            throw cannot_watch(fd, r);
        }
        Descriptor& d = *adopted;
        const OnExit dropped([this, &d, generation = d.generation] {
            if (d.generation == generation) {
                drop_if_unused(d);
            }
        });
        if (const Outcome outcome = suspend(d, direction, what, deadline); outcome != Outcome::signalled) {
            return outcome;
        }
    }
}

Descriptor& Descriptors::find_or_adopt(int fd) {
    Descriptor* d = find(fd);
    return d != nullptr ? *d : new_slot(fd, false);
}

void Descriptors::drop_if_unused(Descriptor& d) noexcept {
    if (!d.owned && !d.kept && d.reader == nullptr && d.writer == nullptr && d.interests.empty()) {
        free_slot(d);
    }
}

Descriptor* Descriptors::adopt_armed(int fd, Events what, int& r) {
    for (;;) {
        Descriptor& d = find_or_adopt(fd);
        r = arm(d, what);
        if (r >= 0) {
            return &d;
        }
        if (!d.registered || (r != -ENOENT && r != -EBADF)) {
            drop_if_unused(d);
            return nullptr;
        }
        lose(d);
        if (r == -EBADF) {
            return nullptr;
        }  // else the number is in use again
    }
}

int Descriptors::watch(int fd, Interest& interest, bool keep) {
    if (fd < 0) {
        return -EBADF;
    }
    int r = 0;
    if (Descriptor* d = adopt_armed(fd, interest.wanted, r); d != nullptr) {
        d->kept = d->kept || (keep && hub_.backend->persistent());
        interest.descriptor = d;
        d->interests.push_back(interest);
    }
    return r;
}

int Descriptors::renew(Interest& interest) noexcept {
    if (interest.descriptor == nullptr) {
        return -EBADF;
    }
    const int r = arm(*interest.descriptor, interest.wanted);
    if (r == -ENOENT || r == -EBADF) {
        lose(*interest.descriptor);
    }
    return r;
}

std::system_error Descriptors::cannot_watch(int fd, int error) const {
    return detail::cannot_watch(*hub_.backend, fd, error);
}

int Descriptors::keep_watching(Interest& interest) noexcept {
    return hub_.backend->persistent() ? 0 : renew(interest);
}

int Descriptors::rearm(Interest& interest) noexcept {
    const bool armed = interest.descriptor != nullptr && (interest.wanted & ~interest.descriptor->armed) == 0;
    return armed ? 0 : renew(interest);
}

Outcome Descriptors::wait_notified(Waiter& waiter, Deadline deadline) {
    const unsigned counted = waiter.fiber.daemon ? 0 : 1;
    waiting_ += counted;
    const OnExit woken([&] { waiting_ -= counted; });
    return waiter.wait(deadline);
}

Outcome Descriptors::wait_notified_unthrown(Waiter& waiter, Deadline deadline) noexcept {
    const unsigned counted = waiter.fiber.daemon ? 0 : 1;
    waiting_ += counted;
    const Outcome outcome = waiter.wait_unthrown(deadline);
    waiting_ -= counted;
    return outcome;
}

void Descriptors::unwatch(Interest& interest) noexcept {
    if (Descriptor* d = std::exchange(interest.descriptor, nullptr); d != nullptr) {
        interest.unlink();
        drop_if_unused(*d);
    }
}

bool Descriptors::is_drained(int fd) const noexcept {
    const Descriptor* d = find(fd);
    return d != nullptr && !d->readable && (d->armed & events::read) != 0 && hub_.backend->persistent();
}

void Descriptors::closing(int fd) noexcept {
    if (Descriptor* d = find(fd); d != nullptr && !d->owned) {
        notify_closed(*d);
        free_slot(*d);
    }
}

void Descriptors::forget_waits() noexcept {
    registered_ = waiting_ = 0;
    slots_.for_each([this](Descriptor& d) {
        if (d.fd < 0) {
            return;
        }
        d.kept = d.registered = d.hangup = false;
        d.armed = events::none;
        d.readable = d.writable = true;
        d.reader = d.writer = d.next_writer = nullptr;
        while (Interest* interest = d.interests.pop_front()) {
            interest->descriptor = nullptr;
        }
        drop_if_unused(d);
    });
}

void Descriptors::on_event(const BackendEvent& event) noexcept {
    Descriptor& d = slots_.at(static_cast<std::uint32_t>(event.token));
    if (d.generation != static_cast<std::uint32_t>(event.token >> 32)) {
        return;  // for a descriptor that was closed
    }
    if ((event.what & events::invalid) != 0) [[unlikely]] {
        notify_closed(d);
        if (!d.owned) {
            free_slot(d);
        }  // else its owner still has to close it
        return;
    }
    if (!hub_.backend->persistent()) {
        d.armed &= static_cast<Events>(~event.what);
    }
    d.hangup = d.hangup || (event.what & (events::hangup | events::priority)) != 0;
    if ((event.what & events::read) != 0) {
        d.readable = true;
        if (d.reader != nullptr) {
            hub_.os.hibernation.wake(d.reader);
            d.reader->resolve(Outcome::signalled);
        }
    }
    if ((event.what & events::write) != 0) {
        d.writable = true;
        if (d.writer != nullptr) {
            d.writer->resolve(Outcome::signalled);
        }
    }
    notify(d, event.what);
}

bool Descriptors::feed(int fd, Events what) noexcept {
    Descriptor* d = find(fd);
    if (d == nullptr || (d->reader == nullptr && d->writer == nullptr && d->interests.empty())) {
        return false;
    }
    const std::uint32_t generation = d->generation;
    const Events armed = d->armed;
    on_event({d->token(), what});
    if (d->in_use && d->generation == generation && d->registered) {
        d->armed |= armed;  // the backend has reported nothing, and still will
    }
    return true;
}

void Descriptors::notify(Descriptor& d, Events what) noexcept {
    for (Interest *i = d.interests.front(), *next = nullptr; i != nullptr; i = next) {
        next = d.interests.after(*i);  // it may leave when notified
        i->notify(*i, what);
    }
}

}  // namespace tendril::detail
