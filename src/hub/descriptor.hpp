// SPDX-License-Identifier: MIT
//
// Descriptors: the versioned slots of a hub's open descriptors.
//
// 1. A descriptor is registered with the backend once, at its first wait, and stays so until it is closed.
// 2. A slot's token is its index and its generation; closing raises the generation, so an event of an earlier owner
//    of the
//    slot, or of a reused number, finds nobody.
// 3. `readable` (`writable`) false means: the last call said EAGAIN, or came back short, and no edge has come since.
//    True
//    means: try.

#pragma once

#include <cstdint>
#include <deque>

#include <tendril/deadline.hpp>

#include "hub/backend.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

enum class Direction : std::uint8_t { read, write };

struct Descriptor {
    int fd = -1;
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    bool registered = false;
    bool readable = true;
    bool writable = true;
    bool hangup = false;             // sticky, also after urgent data: short reads tell nothing any more
    bool short_read_empties = true;  // not so for Unix-domain: a read ends behind a message that carries descriptors
    Waiter* reader = nullptr;
    Waiter* writer = nullptr;
    HubCore* hub = nullptr;
    Descriptor* next_free = nullptr;

    std::uint64_t token() const noexcept { return std::uint64_t{generation} << 32 | index; }

    // A call said EAGAIN, or a stream's read came back short: wait for the next edge.
    void drained(Direction direction) noexcept {
        if (direction == Direction::read) {
            readable = hangup;
        } else {
            writable = false;
        }
    }
};

class Descriptors {
public:
    explicit Descriptors(HubCore& hub) : hub_(hub) {}
    Descriptors(const Descriptors&) = delete;
    Descriptors& operator=(const Descriptors&) = delete;
    ~Descriptors();  // closes what is open still; nobody waits any more

    // Takes over a non-blocking descriptor. Throws: std::bad_alloc; it is closed then.
    Descriptor& open(int fd);

    // Wakes who waits on it (Outcome::closed), then closes the number.
    void close(Descriptor& d) noexcept;

    // Suspends until the next edge, or returns at once when there has been one since the last drained().
    // Returns: signalled, timed_out or closed; d is no longer the caller's after closed.
    // Throws: ConcurrentUse when another green thread waits in this direction; Interrupt; std::system_error.
    Outcome wait(Descriptor& d, Direction direction, const char* what, Deadline deadline);

    void refuse_second(const Descriptor& d, Direction direction) const;  // throws ConcurrentUse

    void on_event(const BackendEvent& event) noexcept;

    std::size_t open_count() const noexcept { return open_; }
    std::size_t waiting() const noexcept { return waiting_; }
    std::size_t registered() const noexcept { return registered_; }

private:
    HubCore& hub_;
    std::deque<Descriptor> slots_;  // addresses stay
    Descriptor* first_free_ = nullptr;
    std::size_t open_ = 0;
    std::size_t registered_ = 0;
    std::size_t waiting_ = 0;  // green threads inside wait()
};

}  // namespace tendril::detail
