// SPDX-License-Identifier: MIT

#include "python/thread_lock.hpp"

#include <pythread.h>
#include <semaphore.h>

#include <cerrno>
#include <cmath>

#include "patch/green.hpp"
#include "patch/semaphore_wait.hpp"
#include "python/patching.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030c0000
constexpr bool layouts_are_known = true;
#else
constexpr bool layouts_are_known = false;
#endif

// As the interpreter lays them out; their locks are semaphores.
struct Lock {
    PyObject head;
    PyThread_type_lock lock;
    PyObject* weak;
    char locked;
};

struct RLock {
    PyObject head;
    PyThread_type_lock lock;
    unsigned long owner;
    unsigned long count;
    PyObject* weak;
};

struct SimpleQueue {
    PyObject head;
    PyThread_type_lock lock;
    int locked;
    PyObject* list;
    Py_ssize_t next;
    PyObject* weak;
};

// The interpreter's methods, which do what needs no waiting.
PyObject* lock_acquire = nullptr;
PyObject* rlock_acquire = nullptr;
PyObject* queue_get = nullptr;

PyObject* call_original(PyObject* method, PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    const Py_ssize_t count = PyTuple_GET_SIZE(args);
    const Ref all = Ref::taken(PyTuple_New(count + 1));
    if (!all) {
        return nullptr;
    }
    PyTuple_SET_ITEM(all.get(), 0, Py_NewRef(self));
    for (Py_ssize_t i = 0; i < count; ++i) {
        PyTuple_SET_ITEM(all.get(), i + 1, Py_NewRef(PyTuple_GET_ITEM(args, i)));
    }
    return PyObject_Call(method, all.get(), kwargs);
}

enum class Taken { yes, no, error, elsewhere };

// Takes the lock, waiting for it if need be. Called with the GIL; returns with it. error: what is pending has been
// raised; elsewhere: the interpreter's own method is to wait. Requires: looks_green().
Taken take(PyThread_type_lock lock, Deadline deadline) noexcept {
    if (PyThread_acquire_lock(lock, NOWAIT_LOCK) != 0) {
        return Taken::yes;
    }
    if (!patch::detail::may_park()) {
        return Taken::elsewhere;
    }
    for (;;) {
        PyThreadState* const thread = PyEval_SaveThread();
        const int result = patch::detail::wait_for_semaphore(static_cast<sem_t*>(lock), deadline);
        PyEval_RestoreThread(thread);
        if (result == 0) {
            return Taken::yes;
        }
        if (result == ETIMEDOUT) {
            return Taken::no;
        }
        if (result == ECANCELED ? !raise_pending() : Py_MakePendingCalls() < 0) {
            return Taken::error;
        }
    }
}

// How long a call waits; `endless`: the number that means without a limit. Returns: false if the interpreter's own
// method is to be called: it need not wait, or the arguments are wrong, or this is no green thread.
bool waits(int blocking, PyObject* timeout, double endless, Deadline& deadline) noexcept {
    if (blocking == 0 || !patch::detail::looks_green()) {
        return false;
    }
    if (timeout == nullptr) {
        deadline = never;
        return true;
    }
    const double seconds = PyFloat_Check(timeout)  ? PyFloat_AS_DOUBLE(timeout)
                           : PyLong_Check(timeout) ? PyLong_AsDouble(timeout)
                                                   : 0.0;
    if (PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        return false;
    }
    if (seconds == endless) {
        deadline = never;
        return true;
    }
    return seconds > 0 && seconds < 9.0e9 && deadline_from(timeout, deadline);
}

PyObject* acquire_lock(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* const names[] = {"blocking", "timeout", nullptr};
    Lock& lock = *reinterpret_cast<Lock*>(self);
    int blocking = 1;
    PyObject* timeout = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|pO:acquire", const_cast<char**>(names), &blocking, &timeout) == 0) {
        return nullptr;
    }
    Deadline deadline;
    if (!waits(blocking, timeout, -1, deadline)) {
        return call_original(lock_acquire, self, args, kwargs);
    }
    const Taken taken = take(lock.lock, deadline);
    if (taken == Taken::elsewhere) {
        return call_original(lock_acquire, self, args, kwargs);
    }
    if (taken != Taken::yes) {
        return taken == Taken::no ? Py_NewRef(Py_False) : nullptr;
    }
    lock.locked = 1;
    Py_RETURN_TRUE;
}

PyObject* acquire_rlock(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* const names[] = {"blocking", "timeout", nullptr};
    RLock& lock = *reinterpret_cast<RLock*>(self);
    int blocking = 1;
    PyObject* timeout = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|pO:acquire", const_cast<char**>(names), &blocking, &timeout) == 0) {
        return nullptr;
    }
    const unsigned long me = PyThread_get_thread_ident();
    Deadline deadline;
    if ((lock.count > 0 && lock.owner == me) || !waits(blocking, timeout, -1, deadline)) {
        return call_original(rlock_acquire, self, args, kwargs);
    }
    const Taken taken = take(lock.lock, deadline);
    if (taken == Taken::elsewhere) {
        return call_original(rlock_acquire, self, args, kwargs);
    }
    if (taken != Taken::yes) {
        return taken == Taken::no ? Py_NewRef(Py_False) : nullptr;
    }
    lock.owner = me;
    lock.count = 1;
    Py_RETURN_TRUE;
}

// Waits until there is an item; the interpreter's own method takes it.
PyObject* get_from_queue(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* const names[] = {"block", "timeout", nullptr};
    SimpleQueue& queue = *reinterpret_cast<SimpleQueue*>(self);
    int blocking = 1;
    PyObject* timeout = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|pO:get", const_cast<char**>(names), &blocking, &timeout) == 0) {
        return nullptr;
    }
    Deadline deadline;
    if (queue.next != PyList_GET_SIZE(queue.list) ||
        !waits(blocking, timeout == Py_None ? nullptr : timeout, NAN, deadline)) {
        return call_original(queue_get, self, args, kwargs);
    }
    while (queue.next == PyList_GET_SIZE(queue.list)) {
        const Taken taken = take(queue.lock, deadline);
        if (taken == Taken::elsewhere) {
            return call_original(queue_get, self, args, kwargs);
        }
        if (taken == Taken::error) {
            return nullptr;
        }
        if (taken == Taken::no) {
            break;
        }
        queue.locked = 1;
    }
    return PyObject_CallFunctionObjArgs(queue_get, self, Py_False, nullptr);
}

// Puts the method in the place of the interpreter's. Returns: that; nullptr with an error set.
PyObject* replace(PyTypeObject* type, PyMethodDef& method) noexcept {
    PyObject* const before = PyDict_GetItemString(type->tp_dict, method.ml_name);
    if (before == nullptr) {
        PyErr_Format(PyExc_RuntimeError, "patch(): %s has no method %s", type->tp_name, method.ml_name);
        return nullptr;
    }
    Ref kept = Ref::shared(before);
    const Ref descriptor = Ref::taken(PyDescr_NewMethod(type, &method));
    if (!descriptor || PyDict_SetItemString(type->tp_dict, method.ml_name, descriptor.get()) != 0) {
        return nullptr;
    }
    PyType_Modified(type);
    return kept.release();
}

// Returns: the type; empty: with an error set.
Ref type_of(const char* module_name, const char* name, std::size_t size) noexcept {
    const Ref module = Ref::taken(PyImport_ImportModule(module_name));
    Ref type = module ? Ref::taken(PyObject_GetAttrString(module.get(), name)) : Ref();
    if (type && (PyType_Check(type.get()) == 0 ||
                 reinterpret_cast<PyTypeObject*>(type.get())->tp_basicsize != static_cast<Py_ssize_t>(size))) {
        PyErr_Format(PyExc_RuntimeError, "patch(): %s.%s of this interpreter is not the known one", module_name, name);
        return {};
    }
    return type;
}

constexpr const char* acquire_text =
    "acquire(blocking=True, timeout=-1) -> bool\n\nTakes the lock, and waits for it if need be. A kill or a Timeout is "
    "raised here.";
constexpr const char* get_text =
    "get(block=True, timeout=None)\n\nTakes the first item, and waits for one if need be. A kill or a Timeout is "
    "raised here.";

}  // namespace

int let_locks_be_interrupted() noexcept {
    if constexpr (!layouts_are_known) {
        return 0;
    }
    static PyMethodDef of_lock[] = {
        {"acquire", as_method(&acquire_lock), METH_VARARGS | METH_KEYWORDS, acquire_text},
        {"acquire_lock", as_method(&acquire_lock), METH_VARARGS | METH_KEYWORDS, acquire_text},
        {"__enter__", as_method(&acquire_lock), METH_VARARGS | METH_KEYWORDS, acquire_text}};
    static PyMethodDef of_rlock[] = {
        {"acquire", as_method(&acquire_rlock), METH_VARARGS | METH_KEYWORDS, acquire_text},
        {"__enter__", as_method(&acquire_rlock), METH_VARARGS | METH_KEYWORDS, acquire_text}};
    static PyMethodDef of_queue[] = {{"get", as_method(&get_from_queue), METH_VARARGS | METH_KEYWORDS, get_text}};

    const Ref lock = type_of("_thread", "LockType", sizeof(Lock));
    const Ref rlock = lock ? type_of("_thread", "RLock", sizeof(RLock)) : Ref();
    const Ref queue = rlock ? type_of("_queue", "SimpleQueue", sizeof(SimpleQueue)) : Ref();
    if (!queue) {
        return -1;
    }
    const auto replace_all = [](const Ref& type, auto& methods, PyObject*& original) {
        for (PyMethodDef& method : methods) {
            Ref before = Ref::taken(replace(reinterpret_cast<PyTypeObject*>(type.get()), method));
            if (!before) {
                return false;
            }
            if (original == nullptr) {
                original = before.release();
            }
        }
        return true;
    };
    return replace_all(lock, of_lock, lock_acquire) && replace_all(rlock, of_rlock, rlock_acquire) &&
                   replace_all(queue, of_queue, queue_get)
               ? 0
               : -1;
}

}  // namespace tendril::python
