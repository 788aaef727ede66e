// SPDX-License-Identifier: MIT

#include "python/queue_calls.hpp"

#include <tendril/detail/sync/wait_queue.hpp>

#include "python/error.hpp"
#include "python/object.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

using detail::Outcome;
using Did = QueueBody::Did;

bool check_thread(QueueBody& queue) noexcept {
    return guarded([&] { queue.getters.check_thread(); });
}

bool Limit::begin(PyObject* refusal) noexcept {
    if (!block_) {
        PyErr_SetNone(refusal);
        return false;
    }
    if (!begun_ && timeout_ != nullptr && timeout_ != Py_None) {
        double seconds = 0;
        if (!seconds_from(timeout_, seconds)) {
            return false;
        }
        if (seconds < 0) {
            PyErr_SetString(PyExc_ValueError, "a timeout must not be below 0");
            return false;
        }
        if (!deadline_from(timeout_, deadline_)) {
            return false;
        }
    }
    begun_ = true;
    return true;
}

bool refused(Outcome outcome, PyObject* late) noexcept {
    if (outcome == Outcome::timed_out) {
        PyErr_SetNone(late);
        return true;
    }
    if (outcome == Outcome::closed) {
        PyErr_SetString(errors.shut_down, "the queue was shut down");
        return true;
    }
    return false;
}

// Each of these looks once more in the function that waits: before that runs, the GIL is given up, for which others may
// run. What they brought would be waited for without end.
bool put(const CallSite& site, PyObject* item, Limit limit) noexcept {
    auto& queue = body_of<QueueBody>(site.self);
    if (!check_thread(queue)) {
        return false;
    }
    for (;;) {
        const Did did = queue.offer(item);
        if (did != Did::no) {
            return did == Did::yes;
        }
        if (!limit.begin(errors.full)) {
            return false;
        }
        PyObject* slot = Py_NewRef(item);
        Outcome outcome = Outcome::waiting;
        const bool ended = queue.waits.wait(site, limit.deadline(), [&] {
            outcome = queue.full() && !queue.closed ? queue.putters.wait("Queue::put", &slot, limit.deadline())
                                                    : Outcome::signalled;
        });
        const Ref left = Ref::taken(slot);
        if (!ended || refused(outcome, errors.full)) {
            return false;
        }
        if (outcome == Outcome::handed) {
            return true;
        }
    }
}

PyObject* get(const CallSite& site, Limit limit) noexcept {
    auto& queue = body_of<QueueBody>(site.self);
    if (!check_thread(queue)) {
        return nullptr;
    }
    for (;;) {
        PyObject* item = nullptr;
        const Did did = queue.take(item);
        if (did != Did::no) {
            return did == Did::yes ? item : nullptr;
        }
        if (queue.closed) {
            refused(Outcome::closed, nullptr);
            return nullptr;
        }
        if (!limit.begin(errors.empty)) {
            return nullptr;
        }
        Outcome outcome = Outcome::waiting;
        if (!queue.waits.wait(site, limit.deadline(), [&] {
                outcome = queue.size() == 0 && !queue.closed ? queue.getters.wait("Queue::get", &item, limit.deadline())
                                                             : Outcome::signalled;
            })) {
            return nullptr;
        }
        if (outcome == Outcome::handed) {
            return item;
        }
        if (refused(outcome, errors.empty)) {
            return nullptr;
        }
    }
}

PyObject* peek(const CallSite& site, Limit limit) noexcept {
    auto& queue = body_of<QueueBody>(site.self);
    if (!check_thread(queue)) {
        return nullptr;
    }
    while (queue.size() == 0) {
        if (queue.closed) {
            refused(Outcome::closed, nullptr);
            return nullptr;
        }
        Outcome outcome = Outcome::waiting;
        if (!limit.begin(errors.empty) ||
            !queue.waits.wait(site, limit.deadline(),
                              [&] {
                                  outcome = queue.size() == 0 && !queue.closed
                                                ? queue.peekers.wait("Queue::peek", nullptr, limit.deadline())
                                                : Outcome::signalled;
                              }) ||
            refused(outcome, errors.empty)) {
            return nullptr;
        }
    }
    return Py_NewRef(queue.front());
}

}  // namespace tendril::python
