// SPDX-License-Identifier: MIT

#include "python/shape.hpp"

#include <new>

#include "python/python.hpp"

namespace tendril::python {

GreenletObject* make_shaped(PyObject* kind, const Call& call) noexcept {
    if (call.given < 1) {
        PyErr_SetString(PyExc_TypeError, "a green thread needs something to call");
        return nullptr;
    }
    Ref args;
    Ref kwargs;
    if (!pack_arguments(call, 1, args, kwargs)) {
        return nullptr;
    }
    auto* const type = reinterpret_cast<PyTypeObject*>(kind);
    Ref made = Ref::taken(type->tp_new(type, nullptr, nullptr));
    if (!made || !set_run(as_greenlet(made.get()), call.args[0], std::move(args), std::move(kwargs))) {
        return nullptr;
    }
    return &as_greenlet(made.release());
}

namespace {

PyObject* spawn_shaped(PyObject* kind, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    GreenletObject* const made = make_shaped(kind, {args, n, names});
    if (made != nullptr && !start(*made, nullptr)) {
        Py_DECREF(object(*made));
        return nullptr;
    }
    return reinterpret_cast<PyObject*>(made);
}

}  // namespace

PyObject* make_spawner(PyObject* /*module*/, PyObject* args) noexcept {
    PyObject* kind = nullptr;
    const char* name = nullptr;
    const char* text = nullptr;
    if (PyArg_ParseTuple(args, "Oss:_spawner", &kind, &name, &text) == 0) {
        return nullptr;
    }
    if (PyType_Check(kind) == 0 || PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(kind), greenlet_type) == 0) {
        PyErr_Format(PyExc_TypeError, "a subclass of Greenlet is needed; this is %R", kind);
        return nullptr;
    }
    const Ref kept = Ref::taken(Py_BuildValue("(ss)", name, text));  // which the definition refers to
    if (!kept) {
        return nullptr;
    }
    auto* const definition = new (std::nothrow)
        PyMethodDef{PyUnicode_AsUTF8(PyTuple_GET_ITEM(kept.get(), 0)), as_method(&spawn_shaped),
                    METH_FASTCALL | METH_KEYWORDS, PyUnicode_AsUTF8(PyTuple_GET_ITEM(kept.get(), 1))};
    if (definition == nullptr) {
        return PyErr_NoMemory();
    }
    Py_INCREF(kept.get());  // for good, as the definition is
    return PyCFunction_New(definition, kind);
}

}  // namespace tendril::python
