// SPDX-License-Identifier: MIT
//
// Descriptors: the versioned slots of the descriptors that a hub knows.
//
// 1. Owned ones are opened and closed here. Foreign ones are somebody else's numbers; they have a slot while somebody
//    waits for them or watches them.
// 2. `armed` is what the backend will report. With a persistent backend a descriptor is armed once, at its first wait,
//    for everything, until it is closed or nobody cares for it any more; with others before each wait.
// 3. A slot's token is its index and its generation; closing raises the generation, so an event of an earlier owner
//    of the slot, or of a reused number, finds nobody.
// 4. `readable` (`writable`) false means: the last call said EAGAIN, or came back short, and no event has come since.
//    True means: try.
// 5. by_fd_ leads from a number to its slot. A number that is opened while it has a slot, or that the backend does not
//    know any more, was closed behind the hub's back: whoever is there is notified. An owned slot lives on then with
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

// Somebody who wants to know of events of a descriptor, beside who waits in recv and send: a select(), an Io watcher.
// Notified of events, wanted or not, until it leaves; with others than a persistent backend once for each renew().
// Notified of events::invalid when the number is closed, and out of the list then.
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
    bool in_use = false;  // else it is free, and holds nothing but its generation
    bool owned = true;
    bool registered = false;  // with the backend: must be disarmed before it goes
    bool readable = true;
    bool writable = true;
    bool hangup = false;              // sticky, also after urgent data: short reads tell nothing any more
    bool short_read_empties = true;   // not so for Unix-domain: a read ends behind a message that carries descriptors
    std::uint32_t gone = UINT32_MAX;  // the generation whose peer was found to have gone: it reset, or left
    Waiter* reader = nullptr;
    Waiter* writer = nullptr;
    Waiter* next_writer = nullptr;  // called send(), and lets others run first: they may send, but not wait
    List<Interest> interests;
    Scheduler* hub = nullptr;
    Descriptor* next_free = nullptr;

    std::uint64_t token() const noexcept { return std::uint64_t{generation} << 32 | index; }
    Waiter*& place(Direction direction) noexcept { return direction == Direction::read ? reader : writer; }

    // A call said EAGAIN, or a stream's read came back short: wait for the next event.
    void drained(Direction direction) noexcept {
        if (direction == Direction::read) {
            readable = hangup;
        } else {
            writable = false;
        }
    }

    // A read said EAGAIN, which is the kernel's own word, whatever the last edge promised.
    void emptied() noexcept { readable = false; }
};

// The slots, by index. Found by a shift and a mask, since every event looks one up.
//
// A slot's address is good until the hub's end, whoever holds it: calls that wait elsewhere while their descriptor is
// closed, and whoever compares generations later. So give_back() discards the pages of blocks of which none is in use,
// but keeps their addresses: such a slot reads as zeros, and no descriptor ever has the generation 0.
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

    // Whether far more are kept than are used, and give_back() has not just found out that it cannot help.
    bool surplus() const noexcept {
        constexpr std::size_t kept = 1024;
        return kept_ > used_ * 4 + kept && (used_ < seen_used_ / 2 || kept_ > seen_kept_);
    }
    void give_back() noexcept;  // O(n) of what is kept
    std::size_t kept() const noexcept { return kept_; }

    template <class F>
    void for_each(F f) {  // also those that are free
        for (const Block& block : blocks_) {
            for (std::size_t i = 0; block.in_memory && i < per_block; ++i) {
                f(block.slots[i]);
            }
        }
    }

private:
    static constexpr std::size_t per_block = 256;  // of 80 bytes: five pages
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
    ~Descriptors();  // closes what is open still; nobody waits any more

    // Takes over a non-blocking descriptor. Throws: std::bad_alloc; it is closed then.
    Descriptor& open(int fd);

    // Wakes who waits on it (Outcome::closed), then closes the number; or, with release(), leaves it to the caller.
    void close(Descriptor& d) noexcept;
    int release(Descriptor& d) noexcept;

    // Suspends until the next event, or returns at once when there has been one since the last drained().
    // Returns: signalled, timed_out or closed; d is no longer the caller's after closed.
    // Throws: ConcurrentUse when another green thread waits in this direction; Interrupt; std::system_error.
    Outcome wait(Descriptor& d, Direction direction, const char* what, Deadline deadline);

    // The same for any number, until the system says that it is ready: poll(2) is asked first.
    // Throws: std::system_error for one that is not open (EBADF), as wait() otherwise.
    Outcome wait(int fd, Direction direction, const char* what, Deadline deadline);

    // Suspends whom Interests will resolve: it counts as one that waits for descriptors. As Waiter::wait().
    Outcome wait_notified(Waiter& waiter, Deadline deadline);

    // As if the deadline of who waits on this number had come. Returns: false when nobody waits, or not any more.
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

    // Where a writer is about to wait or to let others run. Throws: ConcurrentUse when another one came before it.
    static void refuse_before_first_writer(const Descriptor& d) {
        if (d.next_writer != nullptr) [[unlikely]] {
            refuse(*d.next_writer);
        }
    }

    // Notifies `interest` of what comes, and of what is there.
    // Returns: 0; -EPERM: a regular file, always ready; -errno. Throws: std::bad_alloc.
    int watch(int fd, Interest& interest);
    int keep_watching(Interest& interest) noexcept;  // after an event: renew(), where that is needed for the next one
    int renew(Interest& interest) noexcept;          // notifies of what is there again; -EBADF when it was closed
    int rearm(Interest& interest) noexcept;  // of what comes; the same but where nothing need be asked for again
    void unwatch(Interest& interest) noexcept;

    // The last read took all there was, and no event has come since, up to the hub's last look. False: who knows.
    bool is_drained(int fd) const noexcept;

    // The number is about to be closed by whoever owns it: who waits for it or watches it is notified, now.
    void closing(int fd) noexcept;

    void on_event(const BackendEvent& event) noexcept;
    static void notify(Descriptor& d, Events what) noexcept;  // its Interests

    // In the child of a fork(): what others waited for is forgotten, and nothing is armed.
    void forget_waits() noexcept;

    // What watch() returned, as an error. Throws: std::bad_alloc.
    std::system_error cannot_watch(int fd, int error) const;

    const Descriptor* at(int fd) const noexcept { return find(fd); }  // nullptr: none has this number
    // After a burst: see DescriptorSlots.
    bool surplus() const noexcept { return slots_.surplus(); }
    void give_back() noexcept;
    std::size_t bytes() const noexcept { return by_fd_.capacity() * sizeof(void*); }  // of the C library's memory

    std::size_t open_count() const noexcept { return open_; }
    std::size_t waiting() const noexcept { return waiting_; }
    std::size_t registered() const noexcept { return registered_; }

private:
    Descriptor* find(int fd) const noexcept {
        return fd >= 0 && static_cast<std::size_t>(fd) < by_fd_.size() ? by_fd_[static_cast<std::size_t>(fd)] : nullptr;
    }
    Descriptor& find_or_adopt(int fd);  // a foreign one gets a slot
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
    std::size_t waiting_ = 0;  // green threads inside wait()
};

}  // namespace tendril::detail
