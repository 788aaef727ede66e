// SPDX-License-Identifier: MIT

#include "python/async_result.hpp"

#include <tendril/event.hpp>

#include "python/arguments.hpp"
#include "python/awaiting.hpp"
#include "python/error.hpp"
#include "python/links.hpp"
#include "python/object.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

struct ResultBody {
    Event done;
    Links links;
    Waits waits;
    Ref value;  // one of the two once it is done
    Ref error;

    int traverse(visitproc visit, void* arg) const noexcept {
        Py_VISIT(value.get());
        Py_VISIT(error.get());
        const int stop = waits.traverse(visit, arg);
        return stop != 0 ? stop : links.traverse(visit, arg);
    }
    void clear() noexcept {
        value = Ref();
        error = Ref();
        links.clear();
    }
    bool ready() const noexcept { return done.is_set(); }
};

ResultBody& cast(PyObject* self) noexcept {
    return body_of<ResultBody>(self);
}

PyObject* settle(PyObject* self, Ref value, Ref error) noexcept {
    ResultBody& me = cast(self);
    if (!guarded([&] { me.done.set(); })) {
        return nullptr;
    }
    me.value = std::move(value);
    me.error = std::move(error);
    me.links.notify(self);
    Py_RETURN_NONE;
}

PyObject* result_set(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"value"};
    PyObject* value[1] = {Py_None};
    if (!read_arguments("set", names, 0, {args, n, keywords}, value)) {
        return nullptr;
    }
    return settle(self, Ref::shared(value[0]), Ref());
}

// Takes an exception, or a class of one.
PyObject* fail_with(PyObject* self, PyObject* exception) noexcept {
    Ref error = PyExceptionClass_Check(exception) ? Ref::taken(PyObject_CallNoArgs(exception)) : Ref::shared(exception);
    if (!error) {
        return nullptr;
    }
    if (!PyExceptionInstance_Check(error.get())) {
        PyErr_Format(PyExc_TypeError, "an AsyncResult fails with an exception; this is %R", exception);
        return nullptr;
    }
    return settle(self, Ref(), std::move(error));
}

PyObject* result_set_exception(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"exception", "exc_info"};
    PyObject* values[2] = {};
    if (!read_arguments("set_exception", names, 1, {args, n, keywords}, values)) {
        return nullptr;
    }
    if (values[1] != nullptr && PyTuple_Check(values[1]) != 0 && PyTuple_GET_SIZE(values[1]) == 3 &&
        PyTraceBack_Check(PyTuple_GET_ITEM(values[1], 2)) && PyExceptionInstance_Check(values[0]) != 0) {
        PyException_SetTraceback(values[0], PyTuple_GET_ITEM(values[1], 2));
    }
    return fail_with(self, values[0]);
}

// A link of a Greenlet, or of another AsyncResult.
PyObject* result_call(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"source", nullptr};
    PyObject* source = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "O:AsyncResult", const_cast<char**>(names), &source) == 0) {
        return nullptr;
    }
    const Ref successful = Ref::taken(PyObject_CallMethod(source, "successful", nullptr));
    const int truth = successful ? PyObject_IsTrue(successful.get()) : -1;
    if (truth < 0) {
        return nullptr;
    }
    Ref outcome = Ref::taken(PyObject_GetAttrString(source, truth != 0 ? "value" : "exception"));
    if (!outcome) {
        return nullptr;
    }
    return truth != 0 ? settle(self, std::move(outcome), Ref()) : fail_with(self, outcome.get());
}

PyObject* outcome_of(ResultBody& me) noexcept {
    if (me.error) {
        set_python_error(me.error.get());
        return nullptr;
    }
    return Py_NewRef(me.value ? me.value.get() : Py_None);
}

// Returns: false with an error set, or without one, if the timeout came first.
bool await_it(PyObject* self, const Call& call, PyObject* timeout) noexcept {
    ResultBody& me = cast(self);
    bool done = me.ready();
    Deadline deadline;
    return done || (deadline_from(timeout, deadline) &&
                    me.waits.wait(site_of(self, call), deadline, [&] { done = me.done.wait(deadline); }) && done);
}

PyObject* result_get(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"block", "timeout"};
    PyObject* values[2] = {};
    bool block = true;
    if (!read_arguments("get", names, 0, {args, n, keywords}, values) || !truth_from(values[0], block)) {
        return nullptr;
    }
    ResultBody& me = cast(self);
    if (!block && !me.ready()) {
        PyErr_SetNone(errors.timeout);
        return nullptr;
    }
    if (!await_it(self, {args, n, keywords}, values[1])) {
        const Ref late =
            PyErr_Occurred() != nullptr ? Ref() : Ref::taken(PyObject_CallOneArg(errors.timeout, values[1]));
        if (late) {
            PyErr_SetObject(errors.timeout, late.get());
        }
        return nullptr;
    }
    return outcome_of(me);
}

PyObject* result_get_nowait(PyObject* self, PyObject* /*unused*/) {
    if (!cast(self).ready()) {
        PyErr_SetNone(errors.timeout);
        return nullptr;
    }
    return outcome_of(cast(self));
}

PyObject* get_value(PyObject* self, void* /*unused*/) {
    const ResultBody& me = cast(self);
    return Py_NewRef(me.value ? me.value.get() : Py_None);
}

PyObject* result_wait(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"timeout"};
    PyObject* timeout[1] = {};
    if (!read_arguments("wait", names, 0, {args, n, keywords}, timeout) ||
        (!await_it(self, {args, n, keywords}, timeout[0]) && PyErr_Occurred() != nullptr)) {
        return nullptr;
    }
    return get_value(self, nullptr);
}

PyObject* result_ready(PyObject* self, PyObject* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(cast(self).ready()));
}

PyObject* result_successful(PyObject* self, PyObject* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(cast(self).ready() && !cast(self).error));
}

PyObject* result_link(PyObject* self, PyObject* callable) {
    if (!cast(self).links.add(callable)) {
        return nullptr;
    }
    if (cast(self).ready()) {
        cast(self).links.notify(self);
    }
    Py_RETURN_NONE;
}

PyObject* result_unlink(PyObject* self, PyObject* callable) {
    if (!cast(self).links.remove(callable)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* get_exception(PyObject* self, void* /*unused*/) {
    const ResultBody& me = cast(self);
    return Py_NewRef(me.error ? me.error.get() : Py_None);
}

PyObject* get_exc_info(PyObject* self, void* /*unused*/) {
    PyObject* const error = cast(self).error.get();
    if (error == nullptr) {
        return PyTuple_New(0);
    }
    const Ref traceback = Ref::taken(PyException_GetTraceback(error));
    return PyTuple_Pack(3, reinterpret_cast<PyObject*>(Py_TYPE(error)), error, traceback ? traceback.get() : Py_None);
}

PyObject* result_repr(PyObject* self) {
    const ResultBody& me = cast(self);
    const Ref name = Ref::taken(PyType_GetName(Py_TYPE(self)));
    if (!name) {
        return nullptr;
    }
    if (me.error) {
        return PyUnicode_FromFormat("<%U at %p exception=%R>", name.get(), self, me.error.get());
    }
    return me.ready() ? PyUnicode_FromFormat("<%U at %p value=%R>", name.get(), self, me.value.get())
                      : PyUnicode_FromFormat("<%U at %p not ready>", name.get(), self);
}

PyMethodDef methods[] = {
    {"set", as_method(&result_set), METH_FASTCALL | METH_KEYWORDS,
     "set(value=None)\n--\n\nGives it a value, and wakes all that wait. A second one replaces the first. Never waits."},
    {"set_exception", as_method(&result_set_exception), METH_FASTCALL | METH_KEYWORDS,
     "set_exception(exception, exc_info=None)\n--\n\nThe same with what get() is to raise."},
    {"get", as_method(&result_get), METH_FASTCALL | METH_KEYWORDS,
     "get(block=True, timeout=None)\n--\n\nWaits for it. Returns the value or raises the exception; Timeout if it does "
     "not block and there is none, or if the timeout came first."},
    {"get_nowait", &result_get_nowait, METH_NOARGS, "get_nowait()\n--\n\nget() that does not wait."},
    {"wait", as_method(&result_wait), METH_FASTCALL | METH_KEYWORDS,
     "wait(timeout=None)\n--\n\nWaits for it. Returns the value; None if there is none, or an exception."},
    {"ready", &result_ready, METH_NOARGS, "ready()\n--\n\nWhether it has a value or an exception."},
    {"done", &result_ready, METH_NOARGS, "done()\n--\n\nAs ready()."},
    {"successful", &result_successful, METH_NOARGS, "successful()\n--\n\nWhether it has a value."},
    {"link", &result_link, METH_O,
     "link(callable)\n--\n\nCalls callable(self) once, when it is ready, in another green thread."},
    {"rawlink", &result_link, METH_O, "rawlink(callable)\n--\n\nAs link()."},
    {"unlink", &result_unlink, METH_O, "unlink(callable)\n--\n\nTakes a link back."},
    {"__class_getitem__", &Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {
    {"value", &get_value, nullptr, "Its value; None if there is none.", nullptr},
    {"exception", &get_exception, nullptr, "Its exception; None if there is none.", nullptr},
    {"exc_info", &get_exc_info, nullptr, "Type, exception and traceback; an empty tuple if there is none.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

int add_async_result(PyObject* module) noexcept {
    const TypeText text{"tendril.AsyncResult",
                        "AsyncResult()\n--\n\nA value or an exception that green threads wait for. Called with a "
                        "Greenlet that has ended, it takes over its result: greenlet.link(result).",
                        methods, properties};
    return add_object_type<ResultBody>(
               module, text, {{Py_tp_repr, as_slot(&result_repr)}, {Py_tp_call, as_slot(&result_call)}}) == nullptr
               ? -1
               : 0;
}

}  // namespace tendril::python
