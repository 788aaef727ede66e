// SPDX-License-Identifier: MIT

#include "python/greenlet_repr.hpp"

#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/state.hpp"

namespace tendril::python {

namespace {

using Stage = GreenletObject::Stage;

// The name of the function in the outermost frame; empty: there is none, or with an error set.
Ref outermost(PyThreadState* thread) noexcept {
    Ref frame = Ref::taken(reinterpret_cast<PyObject*>(PyThreadState_GetFrame(thread)));
    if (!frame) {
        return {};
    }
    const auto at = [&frame] { return reinterpret_cast<PyFrameObject*>(frame.get()); };
    while (PyFrameObject* const caller = PyFrame_GetBack(at())) {
        frame = Ref::taken(reinterpret_cast<PyObject*>(caller));
    }
    const Ref code = Ref::taken(reinterpret_cast<PyObject*>(PyFrame_GetCode(at())));
    return Ref::taken(PyObject_GetAttrString(code.get(), "co_qualname"));
}

// What a function is called; of what has no name its type's. Empty: with an error set.
Ref name_of(PyObject* function) noexcept {
    for (const char* attribute : {"__qualname__", "__name__"}) {
        Ref name = Ref::taken(PyObject_GetAttrString(function, attribute));
        if (name && PyUnicode_Check(name.get())) {
            return name;
        }
        PyErr_Clear();
    }
    return Ref::taken(PyType_GetQualName(Py_TYPE(function)));
}

Ref function_of(const GreenletObject& me) noexcept {
    if (&me == main_greenlet()) {
        return Ref::taken(PyUnicode_FromString("main"));
    }
    if (me.stage == Stage::ended) {
        return {};
    }
    if (me.run != nullptr) {
        return name_of(me.run);
    }
    return me.state != nullptr ? outermost(me.state->thread) : Ref();
}

const char* stage_of(const GreenletObject& me, bool runs) noexcept {
    switch (me.stage) {
    case Stage::made:
        return "not started";
    case Stage::pending:
        return "about to begin";
    case Stage::running:
        return runs ? "running" : "suspended";
    case Stage::ended:
        break;
    }
    const bool killed = me.value != nullptr && PyErr_GivenExceptionMatches(me.value, errors.greenlet_exit) != 0;
    return me.error != nullptr ? "failed" : killed ? "killed" : "ended";
}

// The name that the user has given it: the attribute `name`. Borrowed; nullptr: none, or no text.
PyObject* given_name(const GreenletObject& me) noexcept {
    PyObject* const name = me.dict != nullptr ? PyDict_GetItemString(me.dict, "name") : nullptr;
    return name != nullptr && PyUnicode_Check(name) ? name : nullptr;
}

}  // namespace

PyObject* greenlet_repr(PyObject* self) noexcept {
    const GreenletObject& me = *reinterpret_cast<GreenletObject*>(self);
    const Ref type = Ref::taken(PyType_GetName(Py_TYPE(self)));
    const Ref function = function_of(me);
    if (!type || PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    PyObject* const given = given_name(me);
    const Ref name = Ref::taken(given != nullptr ? PyUnicode_FromFormat(" \"%U\"", given)
                                : me.id != 0     ? PyUnicode_FromFormat(" %llu", static_cast<unsigned long long>(me.id))
                                                 : PyUnicode_FromString(""));
    const Ref runs = Ref::taken(function ? PyUnicode_FromFormat("%U, ", function.get()) : PyUnicode_FromString(""));
    if (!name || !runs) {
        return nullptr;
    }
    const char* const state = stage_of(me, current_greenlet() == &me);
    return me.error != nullptr
               ? PyUnicode_FromFormat("<%U%U at %p: %U%s with %s>", type.get(), name.get(), self, runs.get(), state,
                                      Py_TYPE(me.error)->tp_name)
               : PyUnicode_FromFormat("<%U%U at %p: %U%s>", type.get(), name.get(), self, runs.get(), state);
}

}  // namespace tendril::python
