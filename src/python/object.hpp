// SPDX-License-Identifier: MIT
//
// Object<Body>: an object of Python that holds a Body of C++, with what each type of this floor offers: weak
// references, subclasses, and cyclic garbage found. A Body has a default constructor, traverse() and clear().

#pragma once

#include "python/python.hpp"

#include <structmember.h>

#include <initializer_list>
#include <memory>
#include <new>
#include <vector>

namespace tendril::python {

template <class Body>
struct Object {
    PyObject_HEAD PyObject* weakrefs;
    Body body;
};

template <class Body>
Body& body_of(PyObject* self) noexcept {
    return reinterpret_cast<Object<Body>*>(self)->body;
}

template <class Body>
PyObject* new_object(PyTypeObject* type, PyObject* /*args*/, PyObject* /*kwargs*/) noexcept {
    PyObject* const self = type->tp_alloc(type, 0);
    if (self != nullptr) {
        new (&body_of<Body>(self)) Body();
    }
    return self;
}

template <class Body>
int traverse_object(PyObject* self, visitproc visit, void* arg) noexcept {
    Py_VISIT(Py_TYPE(self));
    return body_of<Body>(self).traverse(visit, arg);
}

template <class Body>
int clear_object(PyObject* self) noexcept {
    body_of<Body>(self).clear();
    return 0;
}

template <class Body>
void delete_object(PyObject* self) noexcept {
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (reinterpret_cast<Object<Body>*>(self)->weakrefs != nullptr) {
        PyObject_ClearWeakRefs(self);
    }
    body_of<Body>(self).clear();
    std::destroy_at(&body_of<Body>(self));
    type->tp_free(self);
    Py_DECREF(type);
}

// The static parts of a type; methods and properties end with a row of nullptr.
struct TypeText {
    const char* name;
    const char* doc;
    PyMethodDef* methods;
    PyGetSetDef* properties;
};

// Makes a type and adds it to the module. Returns: as add_type().
template <class Body>
PyTypeObject* add_object_type(PyObject* module, const TypeText& text, std::initializer_list<PyType_Slot> more) {
    static PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET, sizeof(PyObject), READONLY, nullptr},
                                    {nullptr, 0, 0, 0, nullptr}};
    std::vector<PyType_Slot> slots(more);
    slots.push_back({Py_tp_doc, const_cast<char*>(text.doc)});
    slots.push_back({Py_tp_new, as_slot(&new_object<Body>)});
    slots.push_back({Py_tp_dealloc, as_slot(&delete_object<Body>)});
    slots.push_back({Py_tp_traverse, as_slot(&traverse_object<Body>)});
    slots.push_back({Py_tp_clear, as_slot(&clear_object<Body>)});
    slots.push_back({Py_tp_methods, text.methods});
    slots.push_back({Py_tp_members, members});
    if (text.properties != nullptr) {
        slots.push_back({Py_tp_getset, text.properties});
    }
    slots.push_back({0, nullptr});
    PyType_Spec spec = {text.name, sizeof(Object<Body>), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots.data()};
    return add_type(module, spec);
}

// A subtype with the same Body, that has only what is named here of its own.
PyTypeObject* add_subtype(PyObject* module, const char* name, PyTypeObject* base,
                          std::initializer_list<PyType_Slot> slots) noexcept;

// What repr() of a primitive is: its type, its address and a few words.
PyObject* describe(PyObject* self, const char* words, std::size_t number) noexcept;

}  // namespace tendril::python
