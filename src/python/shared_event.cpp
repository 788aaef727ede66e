// SPDX-License-Identifier: MIT

#include "python/shared_event.hpp"

#include <tendril/shared_event.hpp>

#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/object.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

struct SharedEventBody {
    SharedEvent event;

    static int traverse(visitproc /*visit*/, void* /*arg*/) noexcept { return 0; }
    void clear() noexcept {}
};

SharedEvent& cast(PyObject* self) noexcept {
    return body_of<SharedEventBody>(self).event;
}

PyObject* event_set(PyObject* self, PyObject* /*unused*/) {
    if (!guarded([&] { cast(self).set(); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* event_clear(PyObject* self, PyObject* /*unused*/) {
    if (!guarded([&] { cast(self).clear(); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* event_is_set(PyObject* self, PyObject* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(cast(self).is_set()));
}

PyObject* event_wait(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"timeout"};
    PyObject* timeout[1] = {};
    if (!read_arguments("wait", names, 0, {args, n, keywords}, timeout)) {
        return nullptr;
    }
    bool set = cast(self).is_set();
    Deadline deadline;
    if (!set && (!deadline_from(timeout[0], deadline) || !waiting([&] { set = cast(self).wait(deadline); }))) {
        return nullptr;
    }
    return PyBool_FromLong(static_cast<long>(set));
}

PyMethodDef methods[] = {
    {"set", &event_set, METH_NOARGS, "set()\n--\n\nWakes all that wait, in the order of their coming. Never waits."},
    {"clear", &event_clear, METH_NOARGS, "clear()\n--\n\nLater calls of wait() wait again."},
    {"is_set", &event_is_set, METH_NOARGS, "is_set()\n--\n\nWhether it is set."},
    {"wait", as_method(&event_wait), METH_FASTCALL | METH_KEYWORDS,
     "wait(timeout=None)\n--\n\nWaits until it is set, while other green threads run. Returns True; False if the "
     "timeout came first."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

int add_shared_event(PyObject* module) noexcept {
    const TypeText text{
        "tendril.SharedEvent",
        "SharedEvent()\n--\n\nAn Event for all OS threads: any may set it, and the green threads of any "
        "may wait for it.",
        methods, nullptr};
    return add_object_type<SharedEventBody>(module, text, {}) == nullptr ? -1 : 0;
}

}  // namespace tendril::python
