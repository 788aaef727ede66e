// SPDX-License-Identifier: MIT

#include "python/semaphore.hpp"

#include <tendril/semaphore.hpp>

#include <cstdint>

#include "python/arguments.hpp"
#include "python/awaiting.hpp"
#include "python/error.hpp"
#include "python/links.hpp"
#include "python/object.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

struct SemaphoreBody {
    Semaphore semaphore{1};
    Links links;
    Waits waits;
    std::size_t limit = SIZE_MAX;  // of a BoundedSemaphore

    int traverse(visitproc visit, void* arg) const noexcept {
        const int stop = waits.traverse(visit, arg);
        return stop != 0 ? stop : links.traverse(visit, arg);
    }
    void clear() noexcept { links.clear(); }
};

SemaphoreBody& cast(PyObject* self) noexcept {
    return body_of<SemaphoreBody>(self);
}

PyTypeObject* bounded_type = nullptr;

int semaphore_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"value", nullptr};
    Py_ssize_t value = 1;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|n:Semaphore", const_cast<char**>(names), &value) == 0) {
        return -1;
    }
    if (value < 0) {
        PyErr_Format(PyExc_ValueError, "a semaphore cannot begin with %zd permits", value);
        return -1;
    }
    SemaphoreBody& me = cast(self);
    if (me.semaphore.waiting() != 0) {
        PyErr_SetString(PyExc_RuntimeError, "this semaphore is in use already");
        return -1;
    }
    std::destroy_at(&me.semaphore);
    std::construct_at(&me.semaphore, Size(value));
    me.limit = PyType_IsSubtype(Py_TYPE(self), bounded_type) != 0 ? static_cast<std::size_t>(value) : SIZE_MAX;
    return 0;
}

PyObject* semaphore_acquire(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    Patience patience;
    if ((n != 0 || keywords != nullptr) && !read_lock_patience({args, n, keywords}, patience)) {
        return nullptr;
    }
    Semaphore& semaphore = cast(self).semaphore;
    bool taken = false;
    if (!guarded([&] { taken = semaphore.try_acquire(); })) {
        return nullptr;
    }
    if (taken || !patience.block) {
        return PyBool_FromLong(static_cast<long>(taken));
    }
    Deadline deadline;
    if (!deadline_from(patience.timeout, deadline) ||
        !cast(self).waits.wait(site_of(self, {args, n, keywords}), deadline,
                               [&] { taken = semaphore.acquire(deadline); })) {
        return nullptr;
    }
    return PyBool_FromLong(static_cast<long>(taken));
}

bool release(PyObject* self, Py_ssize_t permits) noexcept {
    SemaphoreBody& me = cast(self);
    if (permits < 1) {
        PyErr_Format(PyExc_ValueError, "release() gives at least one permit back; not %zd", permits);
        return false;
    }
    // Each permit that is not held is free, also after a release() that handed one to a waiter.
    if (static_cast<std::size_t>(permits) > me.limit - me.semaphore.available()) {
        PyErr_Format(PyExc_ValueError, "a BoundedSemaphore of %zu has %zu permits out, and %zd were released", me.limit,
                     me.limit - me.semaphore.available(), permits);
        return false;
    }
    if (!guarded([&] { me.semaphore.release(Size(permits)); })) {
        return false;
    }
    if (me.semaphore.available() != 0) {
        me.links.notify(self);
    }
    return true;
}

PyObject* semaphore_release(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"n"};
    PyObject* value[1] = {};
    Py_ssize_t permits = 1;
    if (n != 0 || keywords != nullptr) {
        if (!read_arguments("release", names, 0, {args, n, keywords}, value)) {
            return nullptr;
        }
        permits = value[0] == nullptr ? 1 : PyNumber_AsSsize_t(value[0], PyExc_OverflowError);
        if (permits == -1 && PyErr_Occurred() != nullptr) {
            return nullptr;
        }
    }
    if (!release(self, permits)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* semaphore_enter(PyObject* self, PyObject* /*unused*/) {
    return semaphore_acquire(self, nullptr, 0, nullptr);
}

PyObject* semaphore_exit(PyObject* self, PyObject* const* /*args*/, Py_ssize_t /*n*/) {
    if (!release(self, 1)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* semaphore_locked(PyObject* self, PyObject* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(cast(self).semaphore.locked()));
}

PyObject* semaphore_ready(PyObject* self, PyObject* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(!cast(self).semaphore.locked()));
}

PyObject* semaphore_link(PyObject* self, PyObject* callable) {
    if (!cast(self).links.add(callable)) {
        return nullptr;
    }
    if (!cast(self).semaphore.locked()) {
        cast(self).links.notify(self);
    }
    Py_RETURN_NONE;
}

PyObject* semaphore_unlink(PyObject* self, PyObject* callable) {
    if (!cast(self).links.remove(callable)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* get_counter(PyObject* self, void* /*unused*/) {
    return PyLong_FromSize_t(cast(self).semaphore.available());
}

PyObject* get_waiting(PyObject* self, void* /*unused*/) {
    return PyLong_FromSize_t(cast(self).semaphore.waiting());
}

PyObject* semaphore_repr(PyObject* self) {
    return describe(self, "counter=", cast(self).semaphore.available());
}

PyMethodDef methods[] = {
    {"acquire", as_method(&semaphore_acquire), METH_FASTCALL | METH_KEYWORDS,
     "acquire(blocking=True, timeout=None)\n--\n\nTakes a permit, waiting until there is one. Returns False if it does "
     "not block and there is none, or if the timeout came first."},
    {"release", as_method(&semaphore_release), METH_FASTCALL | METH_KEYWORDS,
     "release(n=1)\n--\n\nGives permits back, to the first that waits. Never waits. A BoundedSemaphore raises "
     "ValueError if that would be more than were taken."},
    {"locked", &semaphore_locked, METH_NOARGS, "locked()\n--\n\nWhether acquire() would wait."},
    {"ready", &semaphore_ready, METH_NOARGS, "ready()\n--\n\nWhether acquire() would not wait."},
    {"link", &semaphore_link, METH_O,
     "link(callable)\n--\n\nCalls callable(self) once, when a permit is free, in another green thread."},
    {"rawlink", &semaphore_link, METH_O, "rawlink(callable)\n--\n\nAs link()."},
    {"unlink", &semaphore_unlink, METH_O, "unlink(callable)\n--\n\nTakes a link back."},
    {"__enter__", &semaphore_enter, METH_NOARGS, nullptr},
    {"__exit__", as_method(&semaphore_exit), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {{"counter", &get_counter, nullptr, "How many permits are free.", nullptr},
                            {"waiting", &get_waiting, nullptr, "How many green threads wait.", nullptr},
                            {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

int add_semaphore(PyObject* module) noexcept {
    const TypeText text{"tendril.Semaphore",
                        "Semaphore(value=1)\n--\n\nCounted permits; those that wait are served in the order of their "
                        "coming. `with` holds one.",
                        methods, properties};
    PyTypeObject* const type = add_object_type<SemaphoreBody>(
        module, text, {{Py_tp_init, as_slot(&semaphore_init)}, {Py_tp_repr, as_slot(&semaphore_repr)}});
    if (type == nullptr) {
        return -1;
    }
    bounded_type = add_subtype(
        module, "tendril.BoundedSemaphore", type,
        {{Py_tp_doc, const_cast<char*>("BoundedSemaphore(value=1)\n--\n\nA Semaphore that raises ValueError if more "
                                       "permits are given back than were taken.")}});
    return bounded_type == nullptr ? -1 : 0;
}

}  // namespace tendril::python
