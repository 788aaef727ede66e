// SPDX-License-Identifier: MIT
//
// The methods and properties of tendril.Greenlet.

#include "python/greenlet_parts.hpp"

#include <cstddef>

#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/parking.hpp"

namespace tendril::python {

namespace {

using Stage = GreenletObject::Stage;

PyObject* greenlet_start(PyObject* self, PyObject* /*unused*/) {
    if (!start(as_greenlet(self), nullptr)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* greenlet_start_later(PyObject* self, PyObject* seconds) {
    Deadline deadline;
    if (!deadline_from(seconds, deadline) || !start(as_greenlet(self), &deadline)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* greenlet_get(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"block", "timeout"};
    const Call call{args, n, keywords};
    PyObject* values[2] = {};
    bool block = true;
    Deadline deadline;
    if ((n != 0 || keywords != nullptr) && (!read_arguments("get", names, 0, call, values) ||
                                            !truth_from(values[0], block) || !deadline_from(values[1], deadline))) {
        return nullptr;
    }
    GreenletObject& me = as_greenlet(self);
    if (!block && me.stage != Stage::ended) {
        PyErr_SetNone(errors.timeout);
        return nullptr;
    }
    const int ended = await_end(me, deadline, call);
    if (ended < 0) {
        return nullptr;
    }
    if (ended == 0) {
        const Ref error = Ref::taken(PyObject_CallOneArg(errors.timeout, values[1]));
        if (error) {
            PyErr_SetObject(errors.timeout, error.get());
        }
        return nullptr;
    }
    return result_of(me);
}

PyObject* greenlet_join(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"timeout"};
    const Call call{args, n, keywords};
    PyObject* timeout[1] = {};
    Deadline deadline;
    if ((n != 0 || keywords != nullptr) &&
        (!read_arguments("join", names, 0, call, timeout) || !deadline_from(timeout[0], deadline))) {
        return nullptr;
    }
    const int ended = await_end(as_greenlet(self), deadline, call);
    return ended < 0 ? nullptr : PyBool_FromLong(ended);
}

// An instance of what may be a class.
Ref instance_of(PyObject* error) noexcept {
    if (error == nullptr || error == Py_None) {
        return Ref::taken(PyObject_CallNoArgs(errors.greenlet_exit));
    }
    if (PyExceptionClass_Check(error)) {
        return Ref::taken(PyObject_CallNoArgs(error));
    }
    if (PyExceptionInstance_Check(error)) {
        return Ref::shared(error);
    }
    PyErr_Format(PyExc_TypeError, "kill() needs an exception, or a class of one; this is %R", error);
    return {};
}

PyObject* greenlet_kill(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"exception", "block", "timeout"};
    const Call call{args, n, keywords};
    PyObject* values[3] = {};
    bool block = true;
    Deadline deadline;
    if (!read_arguments("kill", names, 0, call, values) || !truth_from(values[1], block) ||
        !deadline_from(values[2], deadline)) {
        return nullptr;
    }
    const Ref error = instance_of(values[0]);
    if (!error || !kill(as_greenlet(self), error.get())) {
        return nullptr;
    }
    if (block && await_end(as_greenlet(self), deadline, call) < 0) {
        return nullptr;
    }
    return PyBool_FromLong(static_cast<long>(as_greenlet(self).stage == Stage::ended));
}

PyObject* greenlet_link(PyObject* self, PyObject* callable) {
    GreenletObject& me = as_greenlet(self);
    if (PyCallable_Check(callable) == 0) {
        PyErr_Format(PyExc_TypeError, "a link must be callable; this is %R", callable);
        return nullptr;
    }
    if (!check_owner(me)) {
        return nullptr;
    }
    if (me.links == nullptr) {
        me.links = PyList_New(0);
    }
    if (me.links == nullptr || PyList_Append(me.links, callable) != 0) {
        return nullptr;
    }
    if (me.stage == Stage::ended) {
        notify(me);
    }
    Py_RETURN_NONE;
}

PyObject* greenlet_unlink(PyObject* self, PyObject* callable) {
    GreenletObject& me = as_greenlet(self);
    if (me.links != nullptr) {
        const Py_ssize_t at = PySequence_Index(me.links, callable);
        if (at < 0) {
            PyErr_Clear();
        } else if (PySequence_DelItem(me.links, at) != 0) {
            return nullptr;
        }
    }
    Py_RETURN_NONE;
}

PyObject* greenlet_failed(PyObject* /*self*/, PyObject* /*error*/) {
    Py_RETURN_NONE;
}

PyObject* greenlet_ready(PyObject* self, PyObject* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(as_greenlet(self).stage == Stage::ended));
}

PyObject* greenlet_successful(PyObject* self, PyObject* /*unused*/) {
    return PyBool_FromLong(
        static_cast<long>(as_greenlet(self).stage == Stage::ended && as_greenlet(self).error == nullptr));
}

PyObject* get_value(PyObject* self, void* /*unused*/) {
    PyObject* const value = as_greenlet(self).value;
    return Py_NewRef(value != nullptr ? value : Py_None);
}

PyObject* get_exception(PyObject* self, void* /*unused*/) {
    as_greenlet(self).seen = true;
    PyObject* const error = as_greenlet(self).error;
    return Py_NewRef(error != nullptr ? error : Py_None);
}

PyObject* get_started(PyObject* self, void* /*unused*/) {
    const Stage stage = as_greenlet(self).stage;
    return PyBool_FromLong(
        static_cast<long>(as_greenlet(self).main || stage == Stage::pending || stage == Stage::running));
}

PyObject* get_dead(PyObject* self, void* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(as_greenlet(self).stage == Stage::ended));
}

PyObject* get_id(PyObject* self, void* /*unused*/) {
    return PyLong_FromUnsignedLongLong(as_greenlet(self).id);
}

PyObject* get_parked(PyObject* self, void* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(as_greenlet(self).parked != nullptr));
}

}  // namespace

PyMethodDef greenlet_methods[] = {
    {"start", &greenlet_start, METH_NOARGS,
     "start()\n--\n\nLets it begin when the caller waits next. A second start does nothing."},
    {"start_later", &greenlet_start_later, METH_O, "start_later(seconds)\n--\n\nThe same, after a time."},
    {"get", as_method(&greenlet_get), METH_FASTCALL | METH_KEYWORDS,
     "get(block=True, timeout=None)\n--\n\nWaits for its end. Returns its result, or raises what it raised; Timeout "
     "if that takes longer. After a kill the result is the GreenletExit."},
    {"join", as_method(&greenlet_join), METH_FASTCALL | METH_KEYWORDS,
     "join(timeout=None)\n--\n\nWaits for its end. Returns whether it has ended."},
    {"kill", as_method(&greenlet_kill), METH_FASTCALL | METH_KEYWORDS,
     "kill(exception=GreenletExit, block=True, timeout=None)\n--\n\nRaises the exception in it, where it waits, and "
     "waits for its end. One that has not begun never does. Returns whether it has ended."},
    {"link", &greenlet_link, METH_O,
     "link(callable)\n--\n\nCalls callable(self) after its end, in a green thread of its own; also if it has ended."},
    {"unlink", &greenlet_unlink, METH_O, "unlink(callable)\n--\n\nTakes a link back."},
    {"_failed", &greenlet_failed, METH_O,
     "_failed(error)\n--\n\nFor subclasses: called in it when it ends by an error, before the links."},
    {"_switch", as_method(&wake), METH_FASTCALL | METH_KEYWORDS,
     "switch(*args, **kwargs)\n--\n\nWakes this green thread, which is in hub.switch(), with a value; starts one "
     "that was not started."},
    {"_throw_parked", &wake_by_error, METH_O, "Wakes it with an error; False if it is not in hub.switch()."},
    {"ready", &greenlet_ready, METH_NOARGS, "ready()\n--\n\nWhether it has ended."},
    {"successful", &greenlet_successful, METH_NOARGS,
     "successful()\n--\n\nWhether it has ended by a result, or a kill with GreenletExit."},
    {"__class_getitem__", &Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef greenlet_properties[] = {
    {"value", &get_value, nullptr, "Its result; None while there is none.", nullptr},
    {"exception", &get_exception, nullptr, "What it raised; None while there is nothing.", nullptr},
    {"started", &get_started, nullptr, "Whether it was started, and has not ended.", nullptr},
    {"dead", &get_dead, nullptr, "Whether it has ended.", nullptr},
    {"_is_parked", &get_parked, nullptr, "Whether it is in hub.switch().", nullptr},
    {"id", &get_id, nullptr, "Its number in dumps; 0 before it was started.", nullptr},
    {"__dict__", &PyObject_GenericGetDict, &PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace tendril::python
