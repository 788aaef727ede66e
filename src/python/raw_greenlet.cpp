// SPDX-License-Identifier: MIT

#include "python/raw_greenlet.hpp"

#include <structmember.h>

#include <cstddef>
#include <new>

#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/internals.hpp"
#include "python/raw_parts.hpp"
#include "python/raw_switch.hpp"
#include "python/state.hpp"

namespace tendril::python {

PyTypeObject* raw_type = nullptr;
PyObject* raw_error = nullptr;

namespace {

using Stage = RawObject::Stage;

RawObject* make(PyTypeObject* type) noexcept {
    PyObject* const self = type->tp_alloc(type, 0);
    if (self != nullptr) {
        new (&raw_cast(self)->parcel) Parcel();
        new (&raw_cast(self)->call) Parcel();
    }
    return raw_cast(self);
}

PyObject* raw_new(PyTypeObject* type, PyObject* /*args*/, PyObject* /*kwargs*/) {
    RawObject* const here = current_raw();
    RawObject* const self = here != nullptr ? make(type) : nullptr;
    if (self == nullptr) {
        return nullptr;
    }
    self->parent = raw_cast(Py_NewRef(object(*here)));
    self->root = raw_cast(Py_NewRef(object(family(*here))));
    return object(*self);
}

int raw_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"run", "parent", nullptr};
    PyObject* run = nullptr;
    PyObject* parent = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:greenlet", const_cast<char**>(names), &run, &parent) == 0) {
        return -1;
    }
    if (run != nullptr && run != Py_None && !set_run(*raw_cast(self), run)) {
        return -1;
    }
    return parent != nullptr && parent != Py_None && !set_parent(*raw_cast(self), parent) ? -1 : 0;
}

int raw_traverse(PyObject* self, visitproc visit, void* arg) {
    RawObject& me = *raw_cast(self);
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
    RawObject& me = *raw_cast(self);
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
    unwind(*raw_cast(self));
}

void raw_dealloc(PyObject* self) {
    if (PyObject_CallFinalizerFromDealloc(self) != 0) {
        return;
    }
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    RawObject& me = *raw_cast(self);
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

int raw_bool(PyObject* self) {
    return static_cast<int>(raw_cast(self)->stage == Stage::started);
}

PyObject* raw_repr(PyObject* self) {
    const RawObject& me = *raw_cast(self);
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
    {Py_tp_methods, raw_methods},
    {Py_tp_getset, raw_attributes},
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
