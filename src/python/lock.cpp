// SPDX-License-Identifier: MIT

#include "python/lock.hpp"

#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/lock_body.hpp"
#include "python/object.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

PyTypeObject* lock_type = nullptr;
PyTypeObject* rlock_type = nullptr;

namespace {

template <class L>
struct Methods {
    static L& lock_of(PyObject* self) noexcept { return body_of<LockBody<L>>(self).lock; }

    static PyObject* acquire(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
        Patience patience;
        if ((n != 0 || keywords != nullptr) && !read_lock_patience({args, n, keywords}, patience)) {
            return nullptr;
        }
        L& lock = lock_of(self);
        bool taken = false;
        if (!guarded([&] { taken = lock.try_lock(); })) {
            return nullptr;
        }
        Deadline deadline;
        if (!taken && patience.block &&
            (!deadline_from(patience.timeout, deadline) ||
             !body_of<LockBody<L>>(self).waits.wait(site_of(self, {args, n, keywords}), deadline,
                                                    [&] { taken = lock.acquire(deadline); }))) {
            return nullptr;
        }
        return PyBool_FromLong(static_cast<long>(taken));
    }

    static PyObject* release(PyObject* self, PyObject* /*unused*/) {
        if (!guarded([&] { lock_of(self).unlock(); })) {
            return nullptr;
        }
        Py_RETURN_NONE;
    }

    static PyObject* enter(PyObject* self, PyObject* /*unused*/) { return acquire(self, nullptr, 0, nullptr); }
    static PyObject* exit(PyObject* self, PyObject* const* /*args*/, Py_ssize_t /*n*/) {
        return release(self, nullptr);
    }

    static PyObject* locked(PyObject* self, PyObject* /*unused*/) {
        return PyBool_FromLong(static_cast<long>(lock_of(self).locked()));
    }

    static PyObject* is_owned(PyObject* self, PyObject* /*unused*/) {
        bool held = false;
        return guarded([&] { held = lock_of(self).held_by_me(); }) ? PyBool_FromLong(static_cast<long>(held)) : nullptr;
    }

    // For threading.Condition: how often it was held.
    static PyObject* release_save(PyObject* self, PyObject* /*unused*/) {
        long depth = 0;
        if (!guarded([&] {
                do {
                    lock_of(self).unlock();
                    ++depth;
                } while (lock_of(self).held_by_me());
            })) {
            return nullptr;
        }
        return PyLong_FromLong(depth);
    }
    static PyObject* acquire_restore(PyObject* self, PyObject* depth) {
        const long times = PyLong_AsLong(depth);
        if (times == -1 && PyErr_Occurred() != nullptr) {
            return nullptr;
        }
        for (long i = 0; i < times; ++i) {
            const Ref taken = Ref::taken(acquire(self, nullptr, 0, nullptr));
            if (!taken) {
                return nullptr;
            }
        }
        Py_RETURN_NONE;
    }

    static PyObject* repr(PyObject* self) {
        const Ref name = Ref::taken(PyType_GetName(Py_TYPE(self)));
        return name
                   ? PyUnicode_FromFormat("<%U at %p %s>", name.get(), self, lock_of(self).locked() ? "locked" : "free")
                   : nullptr;
    }

    static PyTypeObject* add(PyObject* module, const char* name, const char* doc) {
        static PyMethodDef methods[] = {
            {"acquire", as_method(&acquire), METH_FASTCALL | METH_KEYWORDS,
             "acquire(blocking=True, timeout=None)\n--\n\nTakes it, waiting until it is free. Returns False if it does "
             "not block and it is not free, or if the timeout came first."},
            {"release", &release, METH_NOARGS,
             "release()\n--\n\nHands it to the first that waits, or frees it. Never waits. RuntimeError unless this "
             "green thread holds it."},
            {"locked", &locked, METH_NOARGS, "locked()\n--\n\nWhether a green thread holds it."},
            {"_is_owned", &is_owned, METH_NOARGS, nullptr},
            {"_release_save", &release_save, METH_NOARGS, nullptr},
            {"_acquire_restore", &acquire_restore, METH_O, nullptr},
            {"__enter__", &enter, METH_NOARGS, nullptr},
            {"__exit__", as_method(&exit), METH_FASTCALL, nullptr},
            {nullptr, nullptr, 0, nullptr}};
        return add_object_type<LockBody<L>>(module, TypeText{name, doc, methods, nullptr},
                                            {{Py_tp_repr, as_slot(&repr)}});
    }
};

}  // namespace

int add_lock(PyObject* module) noexcept {
    lock_type =
        Methods<Lock>::add(module, "tendril.Lock",
                           "Lock()\n--\n\nHeld by one green thread at a time, which alone may release it. Those "
                           "that wait get it in the order of their coming. acquire() by its holder raises "
                           "RuntimeError, since that wait would never end.");
    rlock_type = Methods<RLock>::add(module, "tendril.RLock",
                                     "RLock()\n--\n\nA Lock that its holder may take again; it is free after as many "
                                     "releases.");
    return lock_type == nullptr || rlock_type == nullptr ? -1 : 0;
}

}  // namespace tendril::python
