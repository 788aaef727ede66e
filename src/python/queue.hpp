// SPDX-License-Identifier: MIT
//
// tendril.Queue, LifoQueue, PriorityQueue and JoinableQueue.
//
// Not the library's Queue: what compares is Python, which needs the GIL and may do anything. Getters and putters are
// served first come, first served; an item goes straight to the getter that waits, and a get from a full queue lets the
// first putter's item in, without switching. A getter that timed out or was killed takes no item.
//
// Invariant: a getter waits only while there is no item, a putter only while the queue is full.

#pragma once

#include "python/awaiting.hpp"
#include "python/python.hpp"
#include "python/store.hpp"

#include <cstddef>
#include <cstdint>

#include <tendril/detail/sync/wait_queue.hpp>

namespace tendril::python {

struct QueueBody {
    enum class Order : std::uint8_t { fifo, lifo, priority };
    enum class Did : std::uint8_t { yes, no, failed };  // failed: with a Python error set

    Order order = Order::fifo;
    bool closed = false;
    std::size_t capacity = SIZE_MAX;
    std::uint64_t unfinished = 0;
    Ring ring;
    Heap heap;
    detail::WaitQueue getters{"a Queue", {this, &take_back}};  // their slots: PyObject*, nullptr until handed
    detail::WaitQueue putters{"a Queue"};                      // their slots: PyObject*, nullptr once taken
    detail::WaitQueue peekers{"a Queue"};
    detail::WaitQueue joiners{"a Queue"};
    Waits waits;  // in each of the four

    std::size_t size() const noexcept { return order == Order::priority ? heap.size() : ring.size(); }
    bool full() const noexcept { return size() >= capacity; }

    // no: it is full.
    Did offer(PyObject* item) noexcept;
    // no: it is empty. Gives the reference.
    Did take(PyObject*& item) noexcept;
    // The next item; borrowed. Requires: size() > 0.
    PyObject* front() const noexcept;
    // Lets in those that wait to put, while there is room.
    void refill() noexcept;
    void shut_down(bool immediate) noexcept;
    void done(std::uint64_t tasks, detail::Outcome outcome) noexcept;

    int traverse(visitproc visit, void* arg) const noexcept;
    void clear() noexcept;

private:
    // `slot`: of the putter whose item it is; nullptr: the caller's.
    Tried push(PyObject* item, PyObject** slot) noexcept;
    Tried pop(PyObject*& item) noexcept;
    static void take_back(void* self, void* slot);
};

int add_queue(PyObject* module) noexcept;

}  // namespace tendril::python
