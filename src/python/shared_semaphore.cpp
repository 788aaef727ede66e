// SPDX-License-Identifier: MIT

#include "python/shared_semaphore.hpp"

#include <optional>

#include <tendril/shared_semaphore.hpp>

#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/object.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

struct SharedSemaphoreBody {
    std::optional<SharedSemaphore> semaphore{std::in_place};

    static int traverse(visitproc /*visit*/, void* /*arg*/) noexcept { return 0; }
    void clear() noexcept {}
};

SharedSemaphore& cast(PyObject* self) noexcept {
    return *body_of<SharedSemaphoreBody>(self).semaphore;
}

int semaphore_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"value", nullptr};
    Py_ssize_t value = 1;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|n:SharedSemaphore", const_cast<char**>(names), &value) == 0) {
        return -1;
    }
    if (value < 0) {
        PyErr_Format(PyExc_ValueError, "a semaphore cannot begin with %zd permits", value);
        return -1;
    }
    if (cast(self).waiting() != 0) {
        PyErr_SetString(PyExc_RuntimeError, "this semaphore is in use already");
        return -1;
    }
    return guarded([&] { body_of<SharedSemaphoreBody>(self).semaphore.emplace(Size(value)); }) ? 0 : -1;
}

PyObject* semaphore_acquire(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    Patience patience;
    bool taken = false;
    if (!read_lock_patience({args, n, keywords}, patience) || !guarded([&] { taken = cast(self).try_acquire(); })) {
        return nullptr;
    }
    Deadline deadline;
    if (!taken && patience.block &&
        (!deadline_from(patience.timeout, deadline) || !waiting([&] { taken = cast(self).acquire(deadline); }))) {
        return nullptr;
    }
    return PyBool_FromLong(static_cast<long>(taken));
}

PyObject* release(PyObject* self, Py_ssize_t permits) noexcept {
    if (permits < 1) {
        PyErr_Format(PyExc_ValueError, "release() gives at least one permit back; not %zd", permits);
        return nullptr;
    }
    if (!guarded([&] { cast(self).release(Size(permits)); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* semaphore_release(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"n"};
    PyObject* value[1] = {};
    if (!read_arguments("release", names, 0, {args, n, keywords}, value)) {
        return nullptr;
    }
    const Py_ssize_t permits = value[0] == nullptr ? 1 : PyNumber_AsSsize_t(value[0], PyExc_OverflowError);
    return permits == -1 && PyErr_Occurred() != nullptr ? nullptr : release(self, permits);
}

PyObject* semaphore_enter(PyObject* self, PyObject* /*unused*/) {
    return semaphore_acquire(self, nullptr, 0, nullptr);
}

PyObject* semaphore_exit(PyObject* self, PyObject* const* /*args*/, Py_ssize_t /*n*/) {
    return release(self, 1);
}

PyObject* get_counter(PyObject* self, void* /*unused*/) {
    return PyLong_FromSize_t(cast(self).available());
}

PyMethodDef methods[] = {
    {"acquire", as_method(&semaphore_acquire), METH_FASTCALL | METH_KEYWORDS,
     "acquire(blocking=True, timeout=None)\n--\n\nTakes a permit, waiting until there is one, while other green "
     "threads run. Returns False if it does not block and there is none, or if the timeout came first."},
    {"release", as_method(&semaphore_release), METH_FASTCALL | METH_KEYWORDS,
     "release(n=1)\n--\n\nGives permits back, to the first that waits. Never waits."},
    {"__enter__", &semaphore_enter, METH_NOARGS, nullptr},
    {"__exit__", as_method(&semaphore_exit), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {{"counter", &get_counter, nullptr, "How many permits were free a moment ago.", nullptr},
                            {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

int add_shared_semaphore(PyObject* module) noexcept {
    const TypeText text{"tendril.SharedSemaphore",
                        "SharedSemaphore(value=1)\n--\n\nA Semaphore for the green threads of all OS threads.", methods,
                        properties};
    return add_object_type<SharedSemaphoreBody>(module, text, {{Py_tp_init, as_slot(&semaphore_init)}}) == nullptr ? -1
                                                                                                                   : 0;
}

}  // namespace tendril::python
