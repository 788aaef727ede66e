// SPDX-License-Identifier: MIT

#include "python/queue.hpp"

#include <new>

#include "python/error.hpp"

namespace tendril::python {

using detail::Outcome;
using Did = QueueBody::Did;

Tried QueueBody::push(PyObject* item, PyObject** slot) noexcept {
    if (order == Order::priority) {
        std::size_t place = 0;
        const Tried tried = heap.find_place(item, place);
        if (tried != Tried::done) {
            return tried;
        }
        if (slot != nullptr && putters.front_slot<PyObject*>() != slot) {
            return Tried::changed;  // it has left while Python compared
        }
        heap.push(item, place);
        return Tried::done;
    }
    if (!ring.push_back(item)) {
        return Tried::failed;
    }
    Py_INCREF(item);
    return Tried::done;
}

Tried QueueBody::pop(PyObject*& item) noexcept {
    if (order == Order::priority) {
        return heap.pop(item);
    }
    item = order == Order::fifo ? ring.pop_front() : ring.pop_back();
    return Tried::done;
}

Did QueueBody::offer(PyObject* item) noexcept {
    for (;;) {
        if (closed) {
            PyErr_SetString(errors.shut_down, "the queue was shut down");
            return Did::failed;
        }
        if (auto* const slot = getters.front_slot<PyObject*>()) {
            *slot = Py_NewRef(item);
            getters.hand();
            ++unfinished;
            return Did::yes;
        }
        if (full()) {
            return Did::no;
        }
        const Tried tried = push(item, nullptr);
        if (tried == Tried::failed) {
            return Did::failed;
        }
        if (tried == Tried::done) {
            ++unfinished;
            peekers.wake_all(Outcome::signalled);
            return Did::yes;
        }
    }
}

Did QueueBody::take(PyObject*& item) noexcept {
    while (size() != 0) {
        const Tried tried = pop(item);
        if (tried == Tried::failed) {
            return Did::failed;
        }
        if (tried == Tried::done) {
            refill();
            return Did::yes;
        }
    }
    return Did::no;
}

PyObject* QueueBody::front() const noexcept {
    return order == Order::priority ? heap[0] : order == Order::fifo ? ring[0] : ring[ring.size() - 1];
}

// A putter whose item cannot be stored is woken to try it again itself: the exception is its own.
void QueueBody::refill() noexcept {
    while (!full()) {
        PyObject** const slot = putters.front_slot<PyObject*>();
        if (slot == nullptr) {
            return;
        }
        const Ref item = Ref::shared(*slot);
        const Tried tried = push(item.get(), slot);
        if (tried == Tried::done) {
            ++unfinished;
            const Ref taken = Ref::taken(std::exchange(*slot, nullptr));
            putters.hand();
        } else if (tried == Tried::failed) {
            PyErr_Clear();
            if (putters.front_slot<PyObject*>() == slot) {
                putters.wake_first(Outcome::signalled);
            }
        }
    }
}

void QueueBody::done(std::uint64_t tasks, Outcome outcome) noexcept {
    unfinished -= tasks;
    if (unfinished == 0 || outcome == Outcome::closed) {
        joiners.wake_all(outcome);
    }
}

void QueueBody::shut_down(bool immediate) noexcept {
    closed = true;
    const std::uint64_t dropped = size();
    if (immediate) {
        clear();
        done(dropped, Outcome::closed);
    }
    for (detail::WaitQueue* each : {&getters, &putters, &peekers}) {
        each->wake_all(Outcome::closed);
    }
}

int QueueBody::traverse(visitproc visit, void* arg) const noexcept {
    for (std::size_t i = 0; i < ring.size(); ++i) {
        Py_VISIT(ring[i]);
    }
    for (std::size_t i = 0; i < heap.size(); ++i) {
        Py_VISIT(heap[i]);
    }
    return waits.traverse(visit, arg);
}

void QueueBody::clear() noexcept {
    while (ring.size() != 0) {
        Py_DECREF(ring.pop_front());
    }
    while (heap.size() != 0) {
        Py_DECREF(heap.drop_last());
    }
}

// In the child of a fork(): what a getter did not live to take.
void QueueBody::take_back(void* self, void* slot) {
    auto& me = *static_cast<QueueBody*>(self);
    PyObject* const item = std::exchange(*static_cast<PyObject**>(slot), nullptr);
    if (me.order == Order::priority ? !me.heap.push_unordered(item) : !me.ring.push_front(item)) {
        PyErr_Clear();
        throw std::bad_alloc();
    }
}

}  // namespace tendril::python
