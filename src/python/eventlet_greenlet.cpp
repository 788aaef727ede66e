// SPDX-License-Identifier: MIT
//
// _EventletPlain: those of eventlet.spawn_n(). _EventletGreenThread: what eventlet.greenthread.GreenThread has that is
// called often. See shape.hpp.
//
// Its links are tuples (function, args, kwargs), which its own green thread calls at the end: they may wait.

#include "python/error.hpp"
#include "python/object.hpp"
#include "python/shape.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

using Stage = GreenletObject::Stage;

// Calls the links that are there, each with the green thread first. Returns: false with a Python error set: what one
// has raised; the others are there still.
bool call_each(GreenletObject& me) noexcept {
    if (me.notifying) {
        return true;  // who does it calls those, too, that have come meanwhile
    }
    me.notifying = true;
    bool good = true;
    while (good && me.links != nullptr && PyList_GET_SIZE(me.links) != 0) {
        const Ref link = Ref::shared(PyList_GET_ITEM(me.links, 0));
        const Ref self = Ref::taken(PyTuple_Pack(1, object(me)));
        const Ref args = Ref::taken(self ? PySequence_Concat(self.get(), PyTuple_GET_ITEM(link.get(), 1)) : nullptr);
        good = args && PyList_SetSlice(me.links, 0, 1, nullptr) == 0;
        if (good) {
            PyObject* const function = PyTuple_GET_ITEM(link.get(), 0);
            good = static_cast<bool>(Ref::taken(PyObject_Call(function, args.get(), PyTuple_GET_ITEM(link.get(), 2))));
        }
    }
    me.notifying = false;
    return good;
}

void call_links(GreenletObject& me) noexcept {
    while (!call_each(me)) {
        const Ref error = take_python_error();
        const Ref told = Ref::taken(PyObject_CallMethod(object(me), "_failed", "O", error.get()));
        if (!told) {
            PyErr_WriteUnraisable(object(me));
        }
    }
}

// To those that ask, it has ended before its links are called.
void over(GreenletObject& me) noexcept {
    me.stage = Stage::ended;
    notify(me);
}

constexpr Shape shape{&over, &call_links};

PyObject* eventlet_new(PyTypeObject* type, PyObject* /*args*/, PyObject* /*kwargs*/) {
    GreenletObject* const made = make_greenlet(type);
    if (made != nullptr) {
        made->shape = &shape;
    }
    return reinterpret_cast<PyObject*>(made);
}

PyObject* eventlet_wait(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    GreenletObject& me = as_greenlet(self);
    const Call call{args, n, keywords};
    if (!read_arguments("wait", {}, 0, call, {}) || await_end(me, never, call) < 0) {
        return nullptr;
    }
    if (me.exited) {
        set_python_error(me.value);
        return nullptr;
    }
    return result_of(me);
}

Ref link_from(const Call& call) noexcept {
    if (call.given < 1) {
        PyErr_SetString(PyExc_TypeError, "a link needs something to call");
        return {};
    }
    Ref args;
    Ref kwargs;
    if (!pack_arguments(call, 1, args, kwargs)) {
        return {};
    }
    if (!kwargs) {
        kwargs = Ref::taken(PyDict_New());
    }
    return kwargs ? Ref::taken(PyTuple_Pack(3, call.args[0], args.get(), kwargs.get())) : Ref();
}

PyObject* eventlet_link(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    GreenletObject& me = as_greenlet(self);
    const Ref link = link_from({args, n, names});
    if (link && me.links == nullptr) {
        me.links = PyList_New(0);
    }
    if (!link || me.links == nullptr || PyList_Append(me.links, link.get()) != 0) {
        return nullptr;
    }
    if (me.stage == Stage::ended && !call_each(me)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* eventlet_unlink(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    PyObject* const links = as_greenlet(self).links;
    const Ref link = link_from({args, n, names});
    if (!link) {
        return nullptr;
    }
    const Py_ssize_t at = links != nullptr ? PySequence_Index(links, link.get()) : -1;
    if (at < 0) {
        PyErr_Clear();
        Py_RETURN_FALSE;
    }
    return PySequence_DelItem(links, at) == 0 ? Py_NewRef(Py_True) : nullptr;
}

// Ends one that has not begun. Takes over the reference to its value or its error.
void end_unbegun(GreenletObject& me, PyObject* value, PyObject* error) noexcept {
    me.value = value;
    me.error = error;
    me.seen = true;
    over(me);
}

PyObject* eventlet_kill(PyObject* self, PyObject* error) {
    GreenletObject& me = as_greenlet(self);
    const bool begun = me.stage == Stage::running || me.stage == Stage::ended;
    if (me.stage != Stage::made && !kill(me, error)) {
        return nullptr;
    }
    if (!begun) {
        end_unbegun(me, nullptr, Py_NewRef(error));
    }
    Py_RETURN_NONE;
}

PyObject* eventlet_finish(PyObject* self, PyObject* value) {
    if (as_greenlet(self).stage != Stage::made) {
        PyErr_SetString(PyExc_RuntimeError, "this green thread was started already");
        return nullptr;
    }
    end_unbegun(as_greenlet(self), Py_NewRef(value), nullptr);
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"wait", as_method(&eventlet_wait), METH_FASTCALL | METH_KEYWORDS,
     "wait()\n--\n\nWaits for its end. Returns its result, or raises what it raised; after a kill that exception."},
    {"link", as_method(&eventlet_link), METH_FASTCALL | METH_KEYWORDS,
     "link(function, *args, **kwargs)\n--\n\nCalls function(self, *args, **kwargs) at its end, in it; if it has ended, "
     "at once."},
    {"unlink", as_method(&eventlet_unlink), METH_FASTCALL | METH_KEYWORDS,
     "unlink(function, *args, **kwargs)\n--\n\nTakes a link back. Returns whether there was one."},
    {"_kill", &eventlet_kill, METH_O, "Raises the error in it, where it waits; one that has not begun never does."},
    {"_finish", &eventlet_finish, METH_O, "Ends one that was not started, with a value."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_new, as_slot(&eventlet_new)}, {Py_tp_methods, methods}, {0, nullptr}};
PyType_Spec spec = {"tendril._tendril._EventletGreenThread", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

int add_eventlet_greenlet(PyObject* module) noexcept {
    PyTypeObject* const plain = add_subtype(module, "tendril._tendril._EventletPlain", greenlet_type, {});
    return plain == nullptr || add_type(module, spec, plain) == nullptr ? -1 : 0;
}

}  // namespace tendril::python
