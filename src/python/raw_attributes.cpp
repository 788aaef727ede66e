// SPDX-License-Identifier: MIT

#include "python/internals.hpp"
#include "python/raw_parts.hpp"
#include "python/state.hpp"

namespace tendril::python {

using Stage = RawObject::Stage;

bool set_run(RawObject& me, PyObject* run) noexcept {
    if (me.stage != Stage::made) {
        PyErr_SetString(PyExc_AttributeError, "run cannot be set after the start of the greenlet");
        return false;
    }
    Py_XSETREF(me.run, Py_XNewRef(run));
    return true;
}

bool set_parent(RawObject& me, PyObject* value) noexcept {
    if (is_root(me)) {
        PyErr_SetString(PyExc_AttributeError, "cannot set the parent of a main greenlet");
        return false;
    }
    if (PyObject_TypeCheck(value, raw_type) == 0) {
        PyErr_Format(PyExc_TypeError, "the parent of a greenlet must be a greenlet, not %s", Py_TYPE(value)->tp_name);
        return false;
    }
    RawObject& parent = *raw_cast(value);
    if (&family(parent) != &family(me)) {
        PyErr_SetString(PyExc_ValueError, "parent cannot be on a different thread");
        return false;
    }
    for (RawObject* each = &parent; each != nullptr; each = each->parent) {
        if (each == &me) {
            PyErr_SetString(PyExc_ValueError, "cyclic parent chain");
            return false;
        }
    }
    Py_INCREF(value);
    Py_XSETREF(me.parent, &parent);
    return true;
}

namespace {

PyObject* get_run(PyObject* self, void* /*unused*/) {
    RawObject& me = *raw_cast(self);
    if (me.stage != Stage::made || me.run == nullptr) {
        PyErr_SetString(PyExc_AttributeError, "run");
        return nullptr;
    }
    return Py_NewRef(me.run);
}

int put_run(PyObject* self, PyObject* value, void* /*unused*/) {
    return set_run(*raw_cast(self), value) ? 0 : -1;
}

PyObject* get_parent(PyObject* self, void* /*unused*/) {
    RawObject* const parent = raw_cast(self)->parent;
    return Py_NewRef(parent != nullptr ? object(*parent) : Py_None);
}

int put_parent(PyObject* self, PyObject* value, void* /*unused*/) {
    if (value == nullptr) {
        PyErr_SetString(PyExc_AttributeError, "can't delete attribute");
        return -1;
    }
    return set_parent(*raw_cast(self), value) ? 0 : -1;
}

PyObject* get_dead(PyObject* self, void* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(raw_cast(self)->stage == Stage::dead));
}

PyObject* get_frame(PyObject* self, void* /*unused*/) {
    const RawObject& me = *raw_cast(self);
    if (me.state == nullptr || me.state == State::here()) {
        Py_RETURN_NONE;
    }
    PyFrameObject* const frame = PyThreadState_GetFrame(me.state->thread);
    return frame != nullptr ? reinterpret_cast<PyObject*>(frame) : Py_NewRef(Py_None);
}

PyObject* get_context(PyObject* self, void* /*unused*/) {
    const RawObject& me = *raw_cast(self);
    PyObject* const context = me.state != nullptr ? context_of(me.state->thread) : me.context;
    return Py_NewRef(context != nullptr ? context : Py_None);
}

int put_context(PyObject* self, PyObject* value, void* /*unused*/) {
    RawObject& me = *raw_cast(self);
    if (value == nullptr) {
        PyErr_SetString(PyExc_AttributeError, "can't delete context attribute");
        return -1;
    }
    if (value != Py_None && PyContext_CheckExact(value) == 0) {
        PyErr_SetString(PyExc_TypeError, "greenlet context must be a contextvars.Context or None");
        return -1;
    }
    PyObject* const context = value == Py_None ? nullptr : Py_NewRef(value);
    if (me.state != nullptr) {
        enter_context(me.state->thread, context);
    } else {
        Py_XSETREF(me.context, context);
    }
    return 0;
}

}  // namespace

PyGetSetDef raw_attributes[] = {
    {"run", &get_run, &put_run, "What it is to call, until it has started.", nullptr},
    {"parent", &get_parent, &put_parent, "The greenlet that gets its result, or what it raises.", nullptr},
    {"dead", &get_dead, nullptr, "Whether it has ended.", nullptr},
    {"gr_frame", &get_frame, nullptr, "The frame where it is suspended; None if it is not.", nullptr},
    {"gr_context", &get_context, &put_context, "Its contextvars.Context, or None.", nullptr},
    {"__dict__", &PyObject_GenericGetDict, &PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace tendril::python
