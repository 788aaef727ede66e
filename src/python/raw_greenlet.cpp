// SPDX-License-Identifier: MIT

#include "python/raw_greenlet.hpp"

#include <structmember.h>

#include <cstddef>
#include <new>

#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/internals.hpp"
#include "python/raw_switch.hpp"
#include "python/state.hpp"

namespace tendril::python {

PyTypeObject* raw_type = nullptr;
PyObject* raw_error = nullptr;

namespace {

using Stage = RawObject::Stage;

RawObject* cast(PyObject* self) noexcept {
    return reinterpret_cast<RawObject*>(self);
}

RawObject* make(PyTypeObject* type) noexcept {
    PyObject* const self = type->tp_alloc(type, 0);
    if (self != nullptr) {
        new (&cast(self)->parcel) Parcel();
        new (&cast(self)->call) Parcel();
    }
    return cast(self);
}

PyObject* raw_new(PyTypeObject* type, PyObject* /*args*/, PyObject* /*kwargs*/) {
    RawObject* const here = current_raw();
    RawObject* const self = here != nullptr ? make(type) : nullptr;
    if (self == nullptr) {
        return nullptr;
    }
    self->parent = cast(Py_NewRef(object(*here)));
    self->root = cast(Py_NewRef(object(family(*here))));
    return object(*self);
}

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
    RawObject& parent = *cast(value);
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

int raw_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"run", "parent", nullptr};
    PyObject* run = nullptr;
    PyObject* parent = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:greenlet", const_cast<char**>(names), &run, &parent) == 0) {
        return -1;
    }
    if (run != nullptr && run != Py_None && !set_run(*cast(self), run)) {
        return -1;
    }
    return parent != nullptr && parent != Py_None && !set_parent(*cast(self), parent) ? -1 : 0;
}

int raw_traverse(PyObject* self, visitproc visit, void* arg) {
    RawObject& me = *cast(self);
    Py_VISIT(Py_TYPE(self));
    for (PyObject* each : {me.dict, me.run, me.context, me.parcel.value.get(), me.parcel.kwargs.get(),
                           me.parcel.error.get(), me.call.value.get(), me.call.kwargs.get()}) {
        Py_VISIT(each);
    }
    for (RawObject* each : {me.parent, me.root, me.origin}) {
        Py_VISIT(reinterpret_cast<PyObject*>(each));
    }
    if (me.waiter != nullptr && !is_root(me)) {
        return traverse_frames(me.state->thread, visit, arg);
    }
    return 0;
}

int raw_clear(PyObject* self) {
    RawObject& me = *cast(self);
    Py_CLEAR(me.dict);
    if (me.stage != Stage::started) {
        Py_CLEAR(me.run);
        Py_CLEAR(me.context);
        Py_CLEAR(me.parent);
        Py_CLEAR(me.origin);
        me.parcel = {};
        me.call = {};
    }
    return 0;
}

void raw_finalize(PyObject* self) {
    unwind(*cast(self));
}

void raw_dealloc(PyObject* self) {
    if (PyObject_CallFinalizerFromDealloc(self) != 0) {
        return;
    }
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    RawObject& me = *cast(self);
    if (me.weakrefs != nullptr) {
        PyObject_ClearWeakRefs(self);
    }
    raw_clear(self);
    Py_CLEAR(me.parent);
    Py_CLEAR(me.root);
    me.parcel.~Parcel();
    me.call.~Parcel();
    type->tp_free(self);
    Py_DECREF(type);
}

// ---- Methods

PyObject* raw_switch(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    Parcel parcel;
    if (n == 1 && names == nullptr) {
        parcel = Parcel::of(Ref::shared(args[0]));
        return switch_to(*cast(self), std::move(parcel));
    }
    parcel.value = Ref::taken(PyTuple_New(n));
    for (Py_ssize_t i = 0; parcel.value && i < n; ++i) {
        PyTuple_SET_ITEM(parcel.value.get(), i, Py_NewRef(args[i]));
    }
    if (names != nullptr && PyTuple_GET_SIZE(names) != 0) {
        parcel.kwargs = Ref::taken(PyDict_New());
        for (Py_ssize_t i = 0; parcel.kwargs && i < PyTuple_GET_SIZE(names); ++i) {
            if (PyDict_SetItem(parcel.kwargs.get(), PyTuple_GET_ITEM(names, i), args[n + i]) != 0) {
                return nullptr;
            }
        }
    }
    return PyErr_Occurred() != nullptr ? nullptr : switch_to(*cast(self), std::move(parcel));
}

// The exception that throw(type, value, traceback) means. Returns: empty with an error set.
Ref exception_from(PyObject* type, PyObject* value, PyObject* traceback) noexcept {
    if (traceback == Py_None) {
        traceback = nullptr;
    }
    if (traceback != nullptr && PyTraceBack_Check(traceback) == 0) {
        PyErr_SetString(PyExc_TypeError, "throw() third argument must be a traceback object");
        return {};
    }
    if (PyExceptionInstance_Check(type)) {
        if (value != nullptr && value != Py_None) {
            PyErr_SetString(PyExc_TypeError, "instance exception may not have a separate value");
            return {};
        }
        if (traceback != nullptr) {
            PyException_SetTraceback(type, traceback);
        }
        return Ref::shared(type);
    }
    if (!PyExceptionClass_Check(type)) {
        PyErr_Format(PyExc_TypeError, "exceptions must be classes, or instances, not %s", Py_TYPE(type)->tp_name);
        return {};
    }
    PyObject* given_type = Py_NewRef(type);
    PyObject* given = Py_XNewRef(value);
    PyObject* given_traceback = Py_XNewRef(traceback);
    PyErr_NormalizeException(&given_type, &given, &given_traceback);
    if (given_traceback != nullptr) {
        PyException_SetTraceback(given, given_traceback);
    }
    Py_DECREF(given_type);
    Py_XDECREF(given_traceback);
    return Ref::taken(given);
}

bool parcel_from(PyObject* args, Parcel& parcel) noexcept {
    PyObject* type = errors.greenlet_exit;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    if (PyArg_ParseTuple(args, "|OOO:throw", &type, &value, &traceback) == 0) {
        return false;
    }
    parcel.error = exception_from(type, value, traceback);
    return static_cast<bool>(parcel.error);
}

PyObject* raw_throw(PyObject* self, PyObject* args) {
    Parcel parcel;
    return parcel_from(args, parcel) ? switch_to(*cast(self), std::move(parcel)) : nullptr;
}

PyObject* raw_resume(PyObject* self, PyObject* value) {
    if (!resume(*cast(self), Parcel::of(Ref::shared(value)))) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* raw_resume_by_error(PyObject* self, PyObject* args) {
    Parcel parcel;
    if (!parcel_from(args, parcel) || !resume(*cast(self), std::move(parcel))) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

int raw_bool(PyObject* self) {
    return static_cast<int>(cast(self)->stage == Stage::started);
}

PyObject* raw_repr(PyObject* self) {
    const RawObject& me = *cast(self);
    const char* stage = "pending";
    if (me.stage == Stage::dead) {
        stage = "dead";
    } else if (me.stage == Stage::started) {
        const bool runs = me.state != nullptr && me.state == State::here();
        stage = runs ? (is_root(me) ? "current active started main" : "current active started")
                     : (is_root(me) ? "suspended active started main" : "suspended active started");
    }
    return PyUnicode_FromFormat("<%s object at %p %s>", Py_TYPE(self)->tp_name, self, stage);
}

// ---- Attributes

PyObject* get_run(PyObject* self, void* /*unused*/) {
    RawObject& me = *cast(self);
    if (me.stage != Stage::made || me.run == nullptr) {
        PyErr_SetString(PyExc_AttributeError, "run");
        return nullptr;
    }
    return Py_NewRef(me.run);
}

int put_run(PyObject* self, PyObject* value, void* /*unused*/) {
    return set_run(*cast(self), value) ? 0 : -1;
}

PyObject* get_parent(PyObject* self, void* /*unused*/) {
    RawObject* const parent = cast(self)->parent;
    return Py_NewRef(parent != nullptr ? object(*parent) : Py_None);
}

int put_parent(PyObject* self, PyObject* value, void* /*unused*/) {
    if (value == nullptr) {
        PyErr_SetString(PyExc_AttributeError, "can't delete attribute");
        return -1;
    }
    return set_parent(*cast(self), value) ? 0 : -1;
}

PyObject* get_dead(PyObject* self, void* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(cast(self)->stage == Stage::dead));
}

PyObject* get_frame(PyObject* self, void* /*unused*/) {
    const RawObject& me = *cast(self);
    if (me.state == nullptr || me.state == State::here()) {
        Py_RETURN_NONE;
    }
    PyFrameObject* const frame = PyThreadState_GetFrame(me.state->thread);
    return frame != nullptr ? reinterpret_cast<PyObject*>(frame) : Py_NewRef(Py_None);
}

PyObject* get_context(PyObject* self, void* /*unused*/) {
    const RawObject& me = *cast(self);
    PyObject* const context = me.state != nullptr ? context_of(me.state->thread) : me.context;
    return Py_NewRef(context != nullptr ? context : Py_None);
}

int put_context(PyObject* self, PyObject* value, void* /*unused*/) {
    RawObject& me = *cast(self);
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

PyObject* getcurrent(PyObject* /*module*/, PyObject* /*unused*/) {
    RawObject* const here = current_raw();
    return here != nullptr ? Py_NewRef(object(*here)) : nullptr;
}

PyObject* settrace(PyObject* /*module*/, PyObject* function) {
    Ref before = set_trace(function == Py_None ? nullptr : function);
    return before ? before.release() : Py_NewRef(Py_None);
}

PyObject* gettrace(PyObject* /*module*/, PyObject* /*unused*/) {
    return Py_NewRef(trace() != nullptr ? trace() : Py_None);
}

PyObject* park_here(PyObject* /*module*/, PyObject* /*unused*/) {
    return park();
}

PyMethodDef methods[] = {
    {"switch", as_method(&raw_switch), METH_FASTCALL | METH_KEYWORDS,
     "switch(*args, **kwargs)\n--\n\nLets it run, and waits until something switches back. What it waits for returns "
     "the arguments: one as it is, more as a tuple. One that has not started calls run() with them; one that has "
     "ended passes them on to its parent. Raises error for a greenlet of another green thread."},
    {"throw", &raw_throw, METH_VARARGS,
     "throw(type=GreenletExit, value=None, traceback=None)\n--\n\nThe same, raising an exception there. One that has "
     "not started never does; its parent gets the exception."},
    {"_resume", &raw_resume, METH_O, "_resume(value)\n--\n\nGives it a value, without waiting."},
    {"_resume_by_error", &raw_resume_by_error, METH_VARARGS, "Gives it an exception, without waiting."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {
    {"run", &get_run, &put_run, "What it is to call, until it has started.", nullptr},
    {"parent", &get_parent, &put_parent, "The greenlet that gets its result, or what it raises.", nullptr},
    {"dead", &get_dead, nullptr, "Whether it has ended.", nullptr},
    {"gr_frame", &get_frame, nullptr, "The frame where it is suspended; None if it is not.", nullptr},
    {"gr_context", &get_context, &put_context, "Its contextvars.Context, or None.", nullptr},
    {"__dict__", &PyObject_GenericGetDict, &PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(RawObject, weakrefs), READONLY, nullptr},
                         {"__dictoffset__", T_PYSSIZET, offsetof(RawObject, dict), READONLY, nullptr},
                         {nullptr, 0, 0, 0, nullptr}};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>("greenlet(run=None, parent=None)\n--\n\nA flow of control that runs when switch() "
                                  "is called. A subclass may have a method run instead.")},
    {Py_tp_new, as_slot(&raw_new)},
    {Py_tp_init, as_slot(&raw_init)},
    {Py_tp_dealloc, as_slot(&raw_dealloc)},
    {Py_tp_finalize, as_slot(&raw_finalize)},
    {Py_tp_traverse, as_slot(&raw_traverse)},
    {Py_tp_clear, as_slot(&raw_clear)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_members, members},
    {Py_tp_repr, as_slot(&raw_repr)},
    {Py_nb_bool, as_slot(&raw_bool)},
    {0, nullptr}};
PyType_Spec spec = {"tendril.greenlet.greenlet", sizeof(RawObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

RawObject* current_raw() noexcept {
    State* const here = State::here();
    if (here == nullptr || here->raw != nullptr) [[likely]] {
        return here != nullptr ? here->raw : nullptr;
    }
    RawObject* const root = current_greenlet() != nullptr ? make(raw_type) : nullptr;
    if (root != nullptr) {
        root->stage = Stage::started;
        root->state = here;
        here->raw = root;
    }
    return root;
}

void end_root(State& state) noexcept {
    if (RawObject* const root = std::exchange(state.raw, nullptr)) {
        root->stage = Stage::dead;
        root->state = nullptr;
        Py_DECREF(object(*root));
    }
}

int add_raw_greenlet(PyObject* module) noexcept {
    static PyMethodDef functions[] = {
        {"_raw_getcurrent", &getcurrent, METH_NOARGS, "getcurrent()\n--\n\nThe running greenlet."},
        {"_raw_settrace", &settrace, METH_O,
         "settrace(callback)\n--\n\nCalls callback(event, (origin, target)) after each switch of this OS thread, where "
         "event is 'switch' or 'throw'. Returns the callback before. One that raises is taken away."},
        {"_raw_gettrace", &gettrace, METH_NOARGS, "gettrace()\n--\n\nWhat settrace() was given, or None."},
        {"_raw_park", &park_here, METH_NOARGS, "Waits until something switches to the running greenlet."},
        {nullptr, nullptr, 0, nullptr}};
    raw_error = PyErr_NewExceptionWithDoc("tendril.greenlet.error", "A switch that is not possible.", nullptr, nullptr);
    if (raw_error == nullptr || PyModule_AddObjectRef(module, "_raw_error", raw_error) != 0) {
        return -1;
    }
    const Ref type = Ref::taken(PyType_FromModuleAndSpec(module, &spec, nullptr));
    if (!type || PyModule_AddObjectRef(module, "_RawGreenlet", type.get()) != 0) {
        return -1;
    }
    raw_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(type.get()));
    return PyModule_AddFunctions(module, functions);
}

}  // namespace tendril::python
