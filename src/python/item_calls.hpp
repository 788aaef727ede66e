// SPDX-License-Identifier: MIT
//
// ItemCalls<Of>: put(), get() and iteration of the types of queues. What Of has:
//
//     static bool put(const CallSite& site, PyObject* item, bool block, PyObject* timeout) noexcept;
//     static PyObject* get(const CallSite& site, bool block, PyObject* timeout) noexcept;
//
// false and nullptr: with an error set. `site`: the method that was called, and of which queue. `timeout` there is a
// number of seconds, None or nullptr.

#pragma once

#include "python/arguments.hpp"
#include "python/awaiting.hpp"
#include "python/error.hpp"
#include "python/python.hpp"
#include "python/timeout.hpp"
#include "python/waiting.hpp"

#include <optional>

namespace tendril::python {

inline PyObject* none_if(bool done) noexcept {
    return done ? Py_NewRef(Py_None) : nullptr;
}

// Reads (block=True, timeout=None). Returns: false with a Python error set.
inline bool read_limit(const char* function, const Call& call, bool& block, PyObject*& timeout) noexcept {
    static constexpr const char* names[] = {"block", "timeout"};
    PyObject* values[2] = {};
    if ((call.given != 0 || call.names != nullptr) &&
        (!read_arguments(function, names, 0, call, values) || !truth_from(values[0], block))) {
        return false;
    }
    timeout = values[1];
    return true;
}

template <class Of>
struct ItemCalls {
    static PyObject* put(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) noexcept {
        if (n == 1 && keywords == nullptr) [[likely]] {
            return none_if(Of::put(site_of(self, {args, n, keywords}, args[0]), args[0], true, nullptr));
        }
        static constexpr const char* names[] = {"item", "block", "timeout"};
        PyObject* values[3] = {};
        bool block = true;
        if (!read_arguments("put", names, 1, {args, n, keywords}, values) || !truth_from(values[1], block)) {
            return nullptr;
        }
        const CallSite site = site_of(self, {args, n, keywords}, values[0]);
        return within(values[2], [&](PyObject* timeout) { return none_if(Of::put(site, values[0], block, timeout)); });
    }

    static PyObject* put_nowait(PyObject* self, PyObject* item) noexcept {
        return none_if(Of::put(step_of(self), item, false, nullptr));
    }

    static PyObject* get(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) noexcept {
        bool block = true;
        PyObject* limit = nullptr;
        if (!read_limit("get", {args, n, keywords}, block, limit)) {
            return nullptr;
        }
        const CallSite site = site_of(self, {args, n, keywords});
        return within(limit, [&](PyObject* timeout) { return Of::get(site, block, timeout); });
    }

    static PyObject* get_nowait(PyObject* self, PyObject* /*unused*/) noexcept {
        return Of::get(step_of(self), false, nullptr);
    }

    // Ends when it was shut down and is empty, and at the item StopIteration.
    static PyObject* next(PyObject* self) noexcept {
        Ref item = Ref::taken(Of::get(step_of(self), true, nullptr));
        if (!item) {
            if (PyErr_ExceptionMatches(errors.shut_down) != 0) {
                PyErr_Clear();
            }
            return nullptr;
        }
        const bool last =
            item.get() == PyExc_StopIteration || PyErr_GivenExceptionMatches(item.get(), PyExc_StopIteration) != 0;
        return last ? nullptr : item.release();
    }
};

// Of::get() of a queue of the library's. `wait`: as waiting(), with the deadline before the function.
template <class Queue, class Wait>
PyObject* get_from(Queue& queue, bool block, PyObject* timeout, Wait&& wait) noexcept {
    Ref item;
    bool had = false;
    if (!guarded([&] {
            std::optional<Ref> found = queue.try_get();
            had = found.has_value();
            if (had) {
                item = *std::move(found);
            } else if (!block) {
                item = queue.get_nowait();  // throws what is to be said
                had = true;
            }
        })) {
        return nullptr;
    }
    Deadline deadline;
    if (!had && (!deadline_from(timeout, deadline) || !wait(deadline, [&] { item = queue.get(deadline); }))) {
        return nullptr;
    }
    return item.release();
}

}  // namespace tendril::python
