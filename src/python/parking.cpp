// SPDX-License-Identifier: MIT

#include "python/parking.hpp"

#include <tendril/event.hpp>

#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

// On the stack of the one that is parked.
struct Parking {
    Event woken;
    Ref value;
    Ref error;
};

namespace {

// What the arguments of a switch() are where it arrives: one as it is, more as a tuple.
Ref passed(const Call& call) noexcept {
    if (call.given == 1) {
        return Ref::shared(call.args[0]);
    }
    Ref args;
    Ref kwargs;
    if (!pack_arguments(call, 0, args, kwargs)) {
        return {};
    }
    return call.given == 0 && kwargs ? std::move(kwargs) : std::move(args);
}

}  // namespace

PyObject* park(PyObject* /*module*/, PyObject* /*unused*/) noexcept {
    GreenletObject* const me = current_greenlet();
    if (me == nullptr) {
        return nullptr;
    }
    Parking parking;
    me->parked = &parking;
    const bool woken = waiting([&] { parking.woken.wait(); });
    me->parked = nullptr;
    if (!woken) {
        return nullptr;
    }
    if (parking.error) {
        set_python_error(parking.error.get());
        return nullptr;
    }
    return parking.value.release();
}

PyObject* wake(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) noexcept {
    GreenletObject& me = as_greenlet(self);
    Ref value = passed({args, n, names});
    if (!value) {
        return nullptr;
    }
    if (current_greenlet() == &me) {
        return value.release();
    }
    if (me.parked != nullptr) {
        me.parked->value = std::move(value);
        if (!guarded([&] { me.parked->woken.set(); })) {
            return nullptr;
        }
    } else if (me.stage == GreenletObject::Stage::made) {
        const Ref started = Ref::taken(PyObject_CallMethod(self, "start", nullptr));
        if (!started) {
            return nullptr;
        }
    }
    Py_RETURN_NONE;
}

PyObject* wake_by_error(PyObject* self, PyObject* error) noexcept {
    GreenletObject& me = as_greenlet(self);
    if (me.parked == nullptr) {
        Py_RETURN_FALSE;
    }
    me.parked->error = Ref::shared(error);
    if (!guarded([&] { me.parked->woken.set(); })) {
        return nullptr;
    }
    Py_RETURN_TRUE;
}

}  // namespace tendril::python
