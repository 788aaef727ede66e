// SPDX-License-Identifier: MIT

#include "python/timeout.hpp"

#include <structmember.h>

#include <cstddef>

#include "python/alarm.hpp"
#include "python/error.hpp"
#include "python/patching.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

enum class Kind : std::uint8_t { own, gevent, eventlet };

struct TimeoutObject {
    PyBaseExceptionObject base;
    PyObject* seconds;    // nullptr: None
    PyObject* exception;  // nullptr: None
    PyObject* alarm;      // from start() to cancel(); nullptr: none
    Kind kind;
    bool background;  // of gevent's: a wait for it alone is a LoopExit
};

TimeoutObject& cast(PyObject* self) noexcept {
    return *reinterpret_cast<TimeoutObject*>(self);
}

PyTypeObject* base_type() noexcept {
    return reinterpret_cast<PyTypeObject*>(PyExc_BaseException);
}

bool is_pending(const TimeoutObject& me) noexcept {
    return me.alarm != nullptr && is_armed(me.alarm);
}

bool is_silent(const TimeoutObject& me) noexcept {
    return me.exception == Py_False;
}

void stop(TimeoutObject& me) noexcept {
    if (const Ref alarm = Ref::taken(std::exchange(me.alarm, nullptr))) {
        disarm(alarm.get());
    }
}

// What it raises: itself, or what `exception` says. Returns: empty with an error set.
Ref error_of(PyObject* self) noexcept {
    PyObject* const exception = cast(self).exception;
    if (exception == nullptr || exception == Py_None || PyBool_Check(exception) || PyUnicode_Check(exception)) {
        return Ref::shared(self);
    }
    if (PyExceptionClass_Check(exception)) {
        return Ref::taken(PyObject_CallNoArgs(exception));
    }
    if (PyExceptionInstance_Check(exception)) {
        return Ref::shared(exception);
    }
    return Ref::taken(PyObject_CallFunction(PyExc_TypeError, "s", "exceptions must derive from BaseException"));
}

bool begin(PyObject* self) noexcept {
    TimeoutObject& me = cast(self);
    if (is_pending(me)) {
        PyErr_Format(me.kind == Kind::own ? PyExc_RuntimeError : PyExc_AssertionError,
                     "%R is started already; cancel() it first", self);
        return false;
    }
    if (me.kind == Kind::eventlet && me.exception == Py_True) {
        Py_CLEAR(me.exception);
    }
    const Ref error = error_of(self);
    if (!error) {
        return false;
    }
    if (me.seconds == nullptr || me.seconds == Py_None) {
        return true;
    }
    Py_XSETREF(me.alarm, make_alarm(error.get()));
    return me.alarm != nullptr && arm(me.alarm, me.seconds, me.background);
}

// ---- Its life

PyObject* make(PyTypeObject* type, PyObject* args, PyObject* kwargs, Kind kind) noexcept {
    PyObject* const self = base_type()->tp_new(type, args, kwargs);
    if (self != nullptr) {
        cast(self).kind = kind;
    }
    return self;
}

template <Kind kind>
PyObject* timeout_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
    return make(type, args, kwargs, kind);
}

// Takes the seconds and the exception over. Returns: -1 with an error set.
int fill(PyObject* self, PyObject* seconds, PyObject* exception) noexcept {
    static PyObject* const none = PyTuple_New(0);
    double number = 0;
    if (seconds != nullptr && seconds != Py_None && !seconds_from(seconds, number)) {
        return -1;
    }
    Py_XSETREF(cast(self).seconds, Py_XNewRef(seconds));
    Py_XSETREF(cast(self).exception, Py_XNewRef(exception));
    return base_type()->tp_init(self, none, nullptr);  // not in its `args`
}

int timeout_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"seconds", "exception", nullptr};
    PyObject* seconds = nullptr;
    PyObject* exception = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:Timeout", const_cast<char**>(names), &seconds, &exception) ==
            0 ||
        fill(self, seconds, exception) != 0) {
        return -1;
    }
    if (cast(self).kind != Kind::eventlet) {
        return 0;
    }
    const Ref started = Ref::taken(PyObject_CallMethod(self, "start", nullptr));
    return started ? 0 : -1;
}

int gevent_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"seconds", "exception", "ref", "priority", "_one_shot", nullptr};
    PyObject* seconds = nullptr;
    PyObject* exception = nullptr;
    PyObject* priority = nullptr;
    int counts = 1;
    int one_shot = 0;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|OOpOp:Timeout", const_cast<char**>(names), &seconds, &exception,
                                    &counts, &priority, &one_shot) == 0) {
        return -1;
    }
    cast(self).background = counts == 0;
    return fill(self, seconds, exception);
}

int timeout_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(cast(self).seconds);
    Py_VISIT(cast(self).exception);
    Py_VISIT(cast(self).alarm);
    return base_type()->tp_traverse(self, visit, arg);
}

int timeout_clear(PyObject* self) {
    Py_CLEAR(cast(self).seconds);
    Py_CLEAR(cast(self).exception);
    Py_CLEAR(cast(self).alarm);
    return base_type()->tp_clear(self);
}

void timeout_dealloc(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    timeout_clear(self);
    base_type()->tp_dealloc(self);
    Py_DECREF(type);
}

// ---- Its methods

PyObject* timeout_start(PyObject* self, PyObject* /*unused*/) {
    if (!begin(self)) {
        return nullptr;
    }
    return Py_NewRef(cast(self).kind == Kind::eventlet ? self : Py_None);
}

PyObject* timeout_cancel(PyObject* self, PyObject* /*unused*/) {
    stop(cast(self));
    Py_RETURN_NONE;
}

PyObject* timeout_enter(PyObject* self, PyObject* /*unused*/) {
    TimeoutObject& me = cast(self);
    const bool starts = me.kind == Kind::eventlet ? me.alarm == nullptr : !is_pending(me);
    const Ref started = Ref::taken(starts ? PyObject_CallMethod(self, "start", nullptr) : Py_NewRef(Py_None));
    return started ? Py_NewRef(self) : nullptr;
}

PyObject* timeout_exit(PyObject* self, PyObject* const* args, Py_ssize_t n) {
    TimeoutObject& me = cast(self);
    PyObject* const value = n > 1 ? args[1] : Py_None;
    // C code may have made that error of this Timeout.
    const bool looks = PyErr_GivenExceptionMatches(value, PyExc_Exception) != 0 && PyExceptionInstance_Check(value) &&
                       is_pending(me) && is_patched();
    const Ref error = looks && !raise_pending() ? take_python_error() : Ref();
    stop(me);
    if (error) {
        if (error.get() == self && is_silent(me)) {
            Py_RETURN_TRUE;
        }
        set_python_error(error.get());
        return nullptr;
    }
    return PyBool_FromLong(static_cast<long>(value == self && is_silent(me)));
}

PyObject* get_pending(PyObject* self, void* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(is_pending(cast(self))));
}

PyObject* get_ref(PyObject* self, void* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(!cast(self).background));
}

int put_ref(PyObject* self, PyObject* value, void* /*unused*/) {
    const int counts = value != nullptr ? PyObject_IsTrue(value) : 1;
    cast(self).background = counts == 0;
    return counts < 0 ? -1 : 0;
}

PyMethodDef methods[] = {
    {"start", &timeout_start, METH_NOARGS, "start()\n--\n\nStarts to count. An error if it counts already."},
    {"cancel", &timeout_cancel, METH_NOARGS, "cancel()\n--\n\nStops counting. May be called at any time."},
    {"close", &timeout_cancel, METH_NOARGS, "close()\n--\n\ncancel()."},
    {"__enter__", &timeout_enter, METH_NOARGS, nullptr},
    {"__exit__", as_method(&timeout_exit), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {
    {"pending", &get_pending, nullptr, "Whether it counts, and has not been raised yet.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyGetSetDef of_gevent[] = {{"ref", &get_ref, &put_ref, "Whether LoopExit waits for it.", nullptr},
                           {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMemberDef members[] = {{"seconds", T_OBJECT, offsetof(TimeoutObject, seconds), 0, nullptr},
                         {"exception", T_OBJECT, offsetof(TimeoutObject, exception), 0, nullptr},
                         {nullptr, 0, 0, 0, nullptr}};

}  // namespace

bool is_timeout(PyObject* value) noexcept {
    return PyExceptionInstance_Check(value) && PyErr_GivenExceptionMatches(value, errors.timeout) != 0;
}

bool enter_timeout(PyObject* timeout) noexcept {
    return static_cast<bool>(Ref::taken(PyObject_CallMethod(timeout, "__enter__", nullptr)));
}

PyObject* exit_timeout(PyObject* timeout, PyObject* result) noexcept {
    Ref given = Ref::taken(result);
    const Ref error = given ? Ref() : take_python_error();
    const Ref traceback = Ref::taken(error ? PyException_GetTraceback(error.get()) : nullptr);
    const auto or_none = [](const Ref& object) { return object ? object.get() : Py_None; };
    const Ref swallows = Ref::taken(PyObject_CallMethod(
        timeout, "__exit__", "OOO", error ? reinterpret_cast<PyObject*>(Py_TYPE(error.get())) : Py_None, or_none(error),
        or_none(traceback)));
    if (!swallows) {
        return nullptr;
    }
    if (!error) {
        return given.release();
    }
    const int swallowed = PyObject_IsTrue(swallows.get());
    if (swallowed == 0) {
        set_python_error(error.get());
    }
    return swallowed > 0 ? Py_NewRef(Py_None) : nullptr;
}

int add_timeout(PyObject* module) noexcept {
    constexpr unsigned flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE;
    PyType_Slot slots[] = {{Py_tp_new, as_slot(&timeout_new<Kind::own>)},
                           {Py_tp_init, as_slot(&timeout_init)},
                           {Py_tp_dealloc, as_slot(&timeout_dealloc)},
                           {Py_tp_traverse, as_slot(&timeout_traverse)},
                           {Py_tp_clear, as_slot(&timeout_clear)},
                           {Py_tp_methods, methods},
                           {Py_tp_getset, properties},
                           {Py_tp_members, members},
                           {0, nullptr}};
    PyType_Spec spec = {"tendril._tendril._Timeout", sizeof(TimeoutObject), 0, flags, slots};
    PyTypeObject* const own = add_type(module, spec, base_type());
    PyType_Slot gevent_slots[] = {{Py_tp_new, as_slot(&timeout_new<Kind::gevent>)},
                                  {Py_tp_init, as_slot(&gevent_init)},
                                  {Py_tp_getset, of_gevent},
                                  {0, nullptr}};
    PyType_Spec gevent = {"tendril._tendril._GeventTimeout", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                          gevent_slots};
    PyType_Slot eventlet_slots[] = {{Py_tp_new, as_slot(&timeout_new<Kind::eventlet>)}, {0, nullptr}};
    PyType_Spec eventlet = {"tendril._tendril._EventletTimeout", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                            eventlet_slots};
    const bool made =
        own != nullptr && add_type(module, gevent, own) != nullptr && add_type(module, eventlet, own) != nullptr;
    return made ? 0 : -1;
}

}  // namespace tendril::python
