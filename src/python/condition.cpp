// SPDX-License-Identifier: MIT

#include <tendril/lock.hpp>

#include "python/arguments.hpp"
#include "python/awaiting.hpp"
#include "python/error.hpp"
#include "python/lock.hpp"
#include "python/lock_body.hpp"
#include "python/object.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

struct ConditionBody {
    Condition condition;
    Waits waits;
    Ref lock;

    int traverse(visitproc visit, void* arg) const noexcept {
        Py_VISIT(lock.get());
        return waits.traverse(visit, arg);
    }
    void clear() noexcept { lock = Ref(); }
};

ConditionBody& cast(PyObject* self) noexcept {
    return body_of<ConditionBody>(self);
}

int condition_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"lock", nullptr};
    PyObject* given = Py_None;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Condition", const_cast<char**>(names), &given) == 0) {
        return -1;
    }
    Ref lock = given == Py_None ? Ref::taken(PyObject_CallNoArgs(reinterpret_cast<PyObject*>(rlock_type)))
                                : Ref::shared(given);
    if (!lock) {
        return -1;
    }
    if (PyObject_TypeCheck(lock.get(), lock_type) == 0 && PyObject_TypeCheck(lock.get(), rlock_type) == 0) {
        PyErr_Format(PyExc_TypeError, "a Condition works with a tendril.Lock or a tendril.RLock; this is %R", given);
        return -1;
    }
    cast(self).lock = std::move(lock);
    return 0;
}

bool has_lock(PyObject* self) noexcept {
    if (!cast(self).lock) {
        PyErr_SetString(PyExc_RuntimeError, "__init__() of this Condition was not called");
        return false;
    }
    return true;
}

bool wait_once(PyObject* self, const Call& call, const Deadline& deadline, bool& notified) noexcept {
    ConditionBody& me = cast(self);
    if (!has_lock(self)) {
        return false;
    }
    const Ref lock = Ref::shared(me.lock.get());
    return me.waits.wait(site_of(self, call, lock.get()), deadline, [&] {
        notified = PyObject_TypeCheck(lock.get(), lock_type) != 0
                       ? me.condition.wait(body_of<LockBody<Lock>>(lock.get()).lock, deadline)
                       : me.condition.wait(body_of<LockBody<RLock>>(lock.get()).lock, deadline);
    });
}

PyObject* condition_wait(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"timeout"};
    PyObject* timeout[1] = {};
    Deadline deadline;
    bool notified = false;
    const Call call{args, n, keywords};
    if (!read_arguments("wait", names, 0, call, timeout) || !deadline_from(timeout[0], deadline) ||
        !wait_once(self, call, deadline, notified)) {
        return nullptr;
    }
    return PyBool_FromLong(static_cast<long>(notified));
}

PyObject* condition_wait_for(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"predicate", "timeout"};
    PyObject* values[2] = {};
    Deadline deadline;
    if (!read_arguments("wait_for", names, 1, {args, n, keywords}, values) || !deadline_from(values[1], deadline)) {
        return nullptr;
    }
    bool in_time = true;
    for (;;) {
        Ref result = Ref::taken(PyObject_CallNoArgs(values[0]));
        const int truth = result ? PyObject_IsTrue(result.get()) : -1;
        if (truth < 0) {
            return nullptr;
        }
        if (truth != 0 || !in_time) {
            return result.release();
        }
        if (!wait_once(self, {args, n, keywords}, deadline, in_time)) {
            return nullptr;
        }
    }
}

// As threading: only by the holder of the lock.
bool check_held(PyObject* self) noexcept {
    if (!has_lock(self)) {
        return false;
    }
    PyObject* const lock = cast(self).lock.get();
    bool held = false;
    if (!guarded([&] {
            held = PyObject_TypeCheck(lock, lock_type) != 0 ? body_of<LockBody<Lock>>(lock).lock.held_by_me()
                                                            : body_of<LockBody<RLock>>(lock).lock.held_by_me();
        })) {
        return false;
    }
    if (!held) {
        PyErr_SetString(PyExc_RuntimeError, "only the holder of its lock may notify a Condition");
    }
    return held;
}

PyObject* condition_notify(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"n"};
    PyObject* value[1] = {};
    if (!read_arguments("notify", names, 0, {args, n, keywords}, value)) {
        return nullptr;
    }
    const Py_ssize_t count = value[0] == nullptr ? 1 : PyNumber_AsSsize_t(value[0], PyExc_OverflowError);
    if ((count == -1 && PyErr_Occurred() != nullptr) || !check_held(self)) {
        return nullptr;
    }
    if (count < 0) {
        PyErr_Format(PyExc_ValueError, "notify() cannot wake %zd green threads", count);
        return nullptr;
    }
    if (!guarded([&] { cast(self).condition.notify(Size(count)); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* condition_notify_all(PyObject* self, PyObject* /*unused*/) {
    if (!check_held(self) || !guarded([&] { cast(self).condition.notify_all(); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

// What the lock does.
PyObject* call_lock(PyObject* self, const char* method, PyObject* const* args, Py_ssize_t n, PyObject* names) noexcept {
    const Ref bound = has_lock(self) ? Ref::taken(PyObject_GetAttrString(cast(self).lock.get(), method)) : Ref();
    return bound ? PyObject_Vectorcall(bound.get(), args, static_cast<std::size_t>(n), names) : nullptr;
}

PyObject* condition_acquire(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    return call_lock(self, "acquire", args, n, keywords);
}

PyObject* condition_release(PyObject* self, PyObject* /*unused*/) {
    return call_lock(self, "release", nullptr, 0, nullptr);
}

PyObject* condition_enter(PyObject* self, PyObject* /*unused*/) {
    return call_lock(self, "acquire", nullptr, 0, nullptr);
}

PyObject* condition_exit(PyObject* self, PyObject* const* /*args*/, Py_ssize_t /*n*/) {
    return call_lock(self, "release", nullptr, 0, nullptr);
}

PyMethodDef methods[] = {
    {"wait", as_method(&condition_wait), METH_FASTCALL | METH_KEYWORDS,
     "wait(timeout=None)\n--\n\nReleases the lock, waits for a notification, and takes the lock again, also after an "
     "exception. Returns whether a notification came in time. RuntimeError unless the lock is held."},
    {"wait_for", as_method(&condition_wait_for), METH_FASTCALL | METH_KEYWORDS,
     "wait_for(predicate, timeout=None)\n--\n\nWaits until predicate() is true. Returns its last value."},
    {"notify", as_method(&condition_notify), METH_FASTCALL | METH_KEYWORDS,
     "notify(n=1)\n--\n\nWakes at most n that wait. RuntimeError unless the lock is held."},
    {"notify_all", &condition_notify_all, METH_NOARGS, "notify_all()\n--\n\nWakes all that wait."},
    {"acquire", as_method(&condition_acquire), METH_FASTCALL | METH_KEYWORDS,
     "acquire(blocking=True, timeout=None)\n--\n\nTakes the lock."},
    {"release", &condition_release, METH_NOARGS, "release()\n--\n\nReleases the lock."},
    {"__enter__", &condition_enter, METH_NOARGS, nullptr},
    {"__exit__", as_method(&condition_exit), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

int add_condition(PyObject* module) noexcept {
    const TypeText text{"tendril.Condition",
                        "Condition(lock=None)\n--\n\nWaits for a change of what a lock guards: a Lock or an RLock; by "
                        "default an RLock of its own.",
                        methods, nullptr};
    return add_object_type<ConditionBody>(module, text, {{Py_tp_init, as_slot(&condition_init)}}) == nullptr ? -1 : 0;
}

}  // namespace tendril::python
