// SPDX-License-Identifier: MIT
//
// Descriptors: versioned slots for the descriptors that a hub knows.
//
// 1. open() takes over owned descriptors, and they are closed here. Foreign ones belong to other code; they have a slot
//    while a green thread waits for them or an Interest watches them.
// 2. `armed` is what the backend will report. With a persistent backend a descriptor is armed once, at its first wait,
//    for everything, until it is closed or no longer needed; with other backends it is armed before each wait.
// 3. A slot's token is its index and its generation. Closing raises the generation, so an event of an earlier owner of
//    the slot, or of a reused number, is recognised as stale.
// 4. `readable` (`writable`) is false after a call said EAGAIN, or came back short, until the next event. While it is
//    true: try.
// 5. by_fd_ maps a number to its slot. A number that is opened while it has a slot, or that the backend no longer
//    knows, was closed behind the hub's back: its waiters and Interests are notified. An owned slot then lives on with
//    the number -1, until its owner closes it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

#include <tendril/deadline.hpp>
#include <tendril/detail/base/check.hpp>
#include <tendril/detail/base/list.hpp>

#include "hub/backend.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

enum class Direction : std::uint8_t { read, write };

constexpr Events events_for(Direction direction) noexcept {
    return direction == Direction::read ? events::read : events::write;
}

struct Descriptor;
struct HubCore;

// Subscribes to events of a descriptor, besides the green threads that wait in recv and send: a select(), an Io
// watcher. Notified of all events, wanted or not, until it leaves; with a backend that is not persistent, once for each
// renew(). When the number is closed it is notified of events::invalid, already out of the list.
struct Interest : ListNode {
    Events wanted;
    Descriptor* descriptor = nullptr;                 // nullptr: not in a list
    void (*notify)(Interest&, Events what) noexcept;  // must not wait, throw, or touch another Interest
    Interest(Events events, void (*f)(Interest&, Events) noexcept) noexcept : wanted(events), notify(f) {}
};

struct Descriptor {
    int fd = -1;
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    Events armed = events::none;
    bool in_use = false;  // false: the slot is free, and only its generation means anything
    bool owned = true;
    bool kept = false;        // foreign, and stays registered while nobody waits: see Descriptors::watch()
    bool registered = false;  // with the backend: must be disarmed before the slot is freed
    bool readable = true;
    bool writable = true;
    bool hangup = false;             // sticky, also set by urgent data: from then on a short read does not mean "empty"
    bool short_read_empties = true;  // false for Unix-domain: a read ends behind a message that carries descriptors
    std::uint32_t gone = UINT32_MAX;  // the generation whose peer is known to be gone: it reset, or closed
    Waiter* reader = nullptr;
    Waiter* writer = nullptr;
    Waiter* next_writer = nullptr;  // has called send(), and is letting others run first: they may send, but not wait
    List<Interest> interests;
    Scheduler* hub = nullptr;
    Descriptor* next_free = nullptr;

    std::uint64_t token() const noexcept { return std::uint64_t{generation} << 32 | index; }
    Waiter*& place(Direction direction) noexcept { return direction == Direction::read ? reader : writer; }

    // Notes that a call said EAGAIN, or that a stream's read came back short: the next wait is for the next event.
    void drained(Direction direction) noexcept {
        if (direction == Direction::read) {
            readable = hangup;
        } else {
            writable = false;
        }
    }

    // Notes that a read said EAGAIN: the kernel's own word, whatever the last edge promised.
    void emptied() noexcept { readable = false; }
};

// The slots, by index. A shift and a mask find one, since every event looks one up.
//
// A slot's address stays valid until the hub's end, because calls that wait elsewhere keep it while their descriptor is
// closed, and compare generations later. So give_back() discards the pages of blocks in which no slot is in use, but
// keeps their addresses: such a slot reads as zeros, and no descriptor ever has the generation 0.
class DescriptorSlots {
public:
    DescriptorSlots() = default;
    DescriptorSlots(const DescriptorSlots&) = delete;
    DescriptorSlots& operator=(const DescriptorSlots&) = delete;
    ~DescriptorSlots();

    // Requires: i is the index of a slot that take() has ever returned.
    Descriptor& at(std::size_t i) noexcept {
        TENDRIL_ASSERT(i / per_block < blocks_.size());
        return blocks_[i / per_block].slots[i % per_block];
    }
    Descriptor& take();  // throws std::bad_alloc
    void put_back(Descriptor& d) noexcept;

    // Whether far more slots are kept than are used, unless the last give_back() found that it cannot help.
    bool surplus() const noexcept {
        constexpr std::size_t kept = 1024;
        return kept_ > used_ * 4 + kept && (used_ < seen_used_ / 2 || kept_ > seen_kept_);
    }
    void give_back() noexcept;  // Cost: O(n) in the kept slots
    std::size_t kept() const noexcept { return kept_; }

    template <class F>
    void for_each(F f) {  // includes the free slots
        for (const Block& block : blocks_) {
            for (std::size_t i = 0; block.in_memory && i < per_block; ++i) {
                f(block.slots[i]);
            }
        }
    }

private:
    static constexpr std::size_t per_block = 256;  // slots of 80 bytes: five pages
    struct Block {
        Descriptor* slots = nullptr;
        bool in_memory = false;
    };
    void add_block();

    std::vector<Block> blocks_;
    Descriptor* first_free_ = nullptr;
    std::size_t kept_ = 0;  // slots
    std::size_t used_ = 0;
    std::size_t seen_kept_ = 0;  // by the last give_back()
    std::size_t seen_used_ = SIZE_MAX;
    std::uint32_t next_generation_ = 1;
};

class Descriptors {
public:
    explicit Descriptors(HubCore& hub) : hub_(hub) {}
    Descriptors(const Descriptors&) = delete;
    Descriptors& operator=(const Descriptors&) = delete;
    ~Descriptors();  // Requires: nobody waits. Closes the descriptors that are still open

    // Takes over a non-blocking descriptor. Throws: std::bad_alloc, after closing it.
    Descriptor& open(int fd);

    // Wakes the waiters (Outcome::closed), then closes the number; release() returns it to the caller instead.
    void close(Descriptor& d) noexcept;
    int release(Descriptor& d) noexcept;

    // Suspends until the next event, or returns at once if one has come since the last drained().
    // Returns: signalled, timed_out or closed; d is no longer the caller's after closed.
    // Throws: ConcurrentUse if another green thread waits in this direction; Interrupt; std::system_error.
    Outcome wait(Descriptor& d, Direction direction, const char* what, Deadline deadline);

    // The same for any number, until the system says that it is ready: it asks poll(2) first.
    // Throws: std::system_error if the number is not open (EBADF); otherwise as above.
    Outcome wait(int fd, Direction direction, const char* what, Deadline deadline);

    // Suspends a waiter that Interests will resolve, and counts it among those waiting for descriptors. Otherwise as
    // Waiter::wait().
    Outcome wait_notified(Waiter& waiter, Deadline deadline);

    // The same for callers through which nothing may be thrown: see Waiter::wait_unthrown().
    Outcome wait_notified_unthrown(Waiter& waiter, Deadline deadline) noexcept;

    // Times out the wait on this descriptor, as if its deadline had passed. Returns: false if no one is waiting.
    bool expire(int fd) noexcept {
        const Descriptor* const d = find(fd);
        return d != nullptr && ((d->reader != nullptr && d->reader->resolve(Outcome::timed_out)) ||
                                (d->writer != nullptr && d->writer->resolve(Outcome::timed_out)));
    }

    static void refuse_second(Descriptor& d, Direction direction) {  // throws ConcurrentUse
        if (const Waiter* first = d.place(direction); first != nullptr) [[unlikely]] {
            refuse(*first);
        }
    }

    // For a writer that is about to wait or to let others run. Throws: ConcurrentUse if another writer came first.
    static void refuse_before_first_writer(const Descriptor& d) {
        if (d.next_writer != nullptr) [[unlikely]] {
            refuse(*d.next_writer);
        }
    }

    // Subscribes `interest` to the events of fd, those present included.
    // keep: a foreign number keeps its slot, and stays registered with a persistent backend, until it is closed: for
    // numbers that are waited for again and again. A later watch() then costs one system call that also finds out
    // whether the number was closed, or is in use again.
    // Returns: 0; -EPERM for a regular file, which is always ready; -errno. Throws: std::bad_alloc.
    int watch(int fd, Interest& interest, bool keep = false);
    // Arms again where the backend needs it: after an event, for the next one.
    int keep_watching(Interest& interest) noexcept;
    // Arms again; what is present is reported again. Returns: 0; -EBADF when the number was closed; -errno.
    int renew(Interest& interest) noexcept;
    // renew(), unless all that is wanted is still armed.
    int rearm(Interest& interest) noexcept;
    void unwatch(Interest& interest) noexcept;

    // Whether the last read took all there was, and no event had come when the hub last polled. False: unknown.
    bool is_drained(int fd) const noexcept;

    // To be called just before the owner of a foreign number closes it: notifies its waiters and Interests at once.
    void closing(int fd) noexcept;

    void on_event(const BackendEvent& event) noexcept;
    // As if the backend had reported it, which goes on by itself. Returns: whether anything waits for fd.
    bool feed(int fd, Events what) noexcept;
    static void notify(Descriptor& d, Events what) noexcept;  // notifies its Interests

    // In the child of a fork(): forgets the waits of the other green threads, and that anything was armed.
    void forget_waits() noexcept;

    // Makes an exception of what watch() returned. Throws: std::bad_alloc.
    std::system_error cannot_watch(int fd, int error) const;

    const Descriptor* at(int fd) const noexcept { return find(fd); }  // nullptr: no slot has this number
    // After a burst: see DescriptorSlots.
    bool surplus() const noexcept { return slots_.surplus(); }
    void give_back() noexcept;
    std::size_t bytes() const noexcept { return by_fd_.capacity() * sizeof(void*); }  // of the C library's memory

    template <class F>
    void for_each(F f) {  // f(const Descriptor&), for each that the hub knows
        slots_.for_each([&](const Descriptor& d) {
            if (d.in_use) {
                f(d);
            }
        });
    }

    std::size_t open_count() const noexcept { return open_; }
    std::size_t waiting() const noexcept { return waiting_; }
    std::size_t registered() const noexcept { return registered_; }

private:
    Descriptor* find(int fd) const noexcept {
        return fd >= 0 && static_cast<std::size_t>(fd) < by_fd_.size() ? by_fd_[static_cast<std::size_t>(fd)] : nullptr;
    }
    Descriptor& find_or_adopt(int fd);  // makes a slot for a foreign one
    Descriptor& new_slot(int fd, bool owned);
    Descriptor* adopt_armed(int fd, Events what, int& r);  // nullptr: r is -errno
    int arm(Descriptor& d, Events what) noexcept;
    Outcome suspend(Descriptor& d, Direction direction, const char* what, Deadline deadline);
    [[noreturn]] static void refuse(const Waiter& first);
    void disarm(Descriptor& d) noexcept;
    void notify_closed(Descriptor& d) noexcept;
    void lose(Descriptor& d) noexcept;
    void free_slot(Descriptor& d) noexcept;
    void drop_if_unused(Descriptor& d) noexcept;

    HubCore& hub_;
    DescriptorSlots slots_;
    std::vector<Descriptor*> by_fd_;
    std::size_t open_ = 0;  // owned ones
    std::size_t registered_ = 0;
    std::size_t waiting_ = 0;  // green threads inside wait(), except daemons
};

}  // namespace tendril::detail
