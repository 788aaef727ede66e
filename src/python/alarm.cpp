// SPDX-License-Identifier: MIT

#include "python/alarm.hpp"

#include <new>

#include <tendril/detail/hub/expiry.hpp>
#include <tendril/detail/hub/timer.hpp>

#include "hub/here.hpp"
#include "python/error.hpp"
#include "python/state.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

// The hub's part of it. In the State's list from arming until disarming.
struct Clockwork : detail::Timer, detail::Expiry, InState {
    AlarmObject& owner;
    detail::Fiber* fiber = nullptr;

    explicit Clockwork(AlarmObject& o) noexcept : Timer(&Clockwork::on_time), Expiry(&Clockwork::on_throw), owner(o) {}

    bool in_state() const noexcept { return static_cast<const InState*>(this)->linked(); }
    static void on_time(detail::Timer& self) noexcept {
        auto& me = static_cast<Clockwork&>(self);
        me.fiber->expire(me);
    }
    [[noreturn]] static void on_throw(detail::Expiry& self, const detail::BrokenWait& /*wait*/) {
        throw Raise(&static_cast<Clockwork&>(self).owner);
    }
};

}  // namespace

struct AlarmObject {
    PyObject_HEAD PyObject* error;
    Clockwork works;
};

namespace {

AlarmObject* cast(PyObject* self) noexcept {
    return reinterpret_cast<AlarmObject*>(self);
}

PyTypeObject* alarm_type = nullptr;

void disarm(AlarmObject& alarm) noexcept {
    Clockwork& works = alarm.works;
    if (!works.in_state()) {
        return;
    }
    detail::here::timers().cancel(works);
    works.fiber->withdraw(works);
    works.InState::unlink();
    Py_DECREF(reinterpret_cast<PyObject*>(&alarm));
}

PyObject* make(PyTypeObject* type, PyObject* error) noexcept {
    PyObject* const self = type->tp_alloc(type, 0);
    if (self != nullptr) {
        cast(self)->error = Py_NewRef(error);
        new (&cast(self)->works) Clockwork(*cast(self));
    }
    return self;
}

PyObject* alarm_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"exception", nullptr};
    PyObject* error = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "O:Alarm", const_cast<char**>(names), &error) == 0) {
        return nullptr;
    }
    return make(type, error);
}

int alarm_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(cast(self)->error);
    return 0;
}

int alarm_clear(PyObject* self) {
    Py_CLEAR(cast(self)->error);
    return 0;
}

void alarm_dealloc(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    alarm_clear(self);
    cast(self)->works.~Clockwork();
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject* alarm_start(PyObject* self, PyObject* seconds) {
    return arm(self, seconds, false) ? Py_NewRef(Py_None) : nullptr;
}

PyObject* alarm_start_background(PyObject* self, PyObject* seconds) {
    return arm(self, seconds, true) ? Py_NewRef(Py_None) : nullptr;
}

PyObject* alarm_cancel(PyObject* self, PyObject* /*unused*/) {
    disarm(*cast(self));
    Py_RETURN_NONE;
}

PyObject* alarm_armed(PyObject* self, void* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(is_armed(self)));
}

}  // namespace

bool arm(PyObject* alarm, PyObject* seconds, bool background) noexcept {
    Deadline deadline;
    double value = 1;
    State* const here = State::here();
    if (here == nullptr || !deadline_from(seconds, deadline) || (seconds != Py_None && !seconds_from(seconds, value))) {
        return false;
    }
    Clockwork& works = cast(alarm)->works;
    if (works.in_state()) {
        PyErr_SetString(PyExc_RuntimeError, "this alarm is armed already; cancel() it first");
        return false;
    }
    if (deadline.is_never()) {
        return true;
    }
    if (!guarded([&] {
            have_hub();
            works.fiber = &detail::here::fiber();
            if (value > 0) {
                auto& timers = detail::here::timers();
                background ? timers.arm_background(works, deadline.ns()) : timers.arm(works, deadline.ns());
            }
        })) {
        return false;
    }
    here->alarms.push_back(works);
    Py_INCREF(alarm);
    if (value <= 0) {  // its time has come: the next wait raises it, whatever that waits for
        works.fiber->expire(works);
    }
    return true;
}

PyObject* make_alarm(PyObject* error) noexcept {
    return make(alarm_type, error);
}

void disarm(PyObject* alarm) noexcept {
    disarm(*cast(alarm));
}

bool is_armed(PyObject* alarm) noexcept {
    return cast(alarm)->works.in_state();
}

Ref take_error(AlarmObject& alarm) noexcept {
    Ref error = Ref::shared(alarm.error);
    disarm(alarm);
    return error;
}

void cancel_alarms(State& state) noexcept {
    while (InState* const first = state.alarms.front()) {
        disarm(static_cast<Clockwork*>(first)->owner);
    }
}

int add_alarm(PyObject* module) noexcept {
    static PyMethodDef methods[] = {
        {"start", &alarm_start, METH_O,
         "start(seconds)\n--\n\nArms it for the running green thread; None: for no time at all."},
        {"start_background", &alarm_start_background, METH_O,
         "start_background(seconds)\n--\n\nThe same; a wait for it alone is a LoopExit."},
        {"cancel", &alarm_cancel, METH_NOARGS, "cancel()\n--\n\nDisarms it; its exception is not raised any more."},
        {nullptr, nullptr, 0, nullptr}};
    static PyGetSetDef properties[] = {
        {"pending", &alarm_armed, nullptr, "Whether it is armed, and has not raised yet.", nullptr},
        {nullptr, nullptr, nullptr, nullptr, nullptr}};
    static PyType_Slot slots[] = {
        {Py_tp_doc, const_cast<char*>("Alarm(exception)\n--\n\nRaises the exception in the green thread that starts "
                                      "it, at the place where that waits then.")},
        {Py_tp_new, as_slot(&alarm_new)},
        {Py_tp_dealloc, as_slot(&alarm_dealloc)},
        {Py_tp_traverse, as_slot(&alarm_traverse)},
        {Py_tp_clear, as_slot(&alarm_clear)},
        {Py_tp_methods, methods},
        {Py_tp_getset, properties},
        {0, nullptr}};
    static PyType_Spec spec = {"tendril._tendril.Alarm", sizeof(AlarmObject), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
    alarm_type = add_type(module, spec);
    return alarm_type == nullptr ? -1 : 0;
}

}  // namespace tendril::python
