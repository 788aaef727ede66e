// SPDX-License-Identifier: MIT
//
// _GeventLoop: run_callback() of gevent's loop. Calls of one turn run in one green thread, in their order: one that
// waits holds up those behind it.

#include "python/error.hpp"
#include "python/links.hpp"
#include "python/object.hpp"
#include "python/shape.hpp"

namespace tendril::python {

namespace {

// A call to come. nullptr, both: stopped. `args` alone: it is being called.
struct CallbackBody {
    PyObject* function = nullptr;
    PyObject* args = nullptr;

    int traverse(visitproc visit, void* arg) const noexcept {
        Py_VISIT(function);
        Py_VISIT(args);
        return 0;
    }
    void clear() noexcept {
        Py_CLEAR(function);
        Py_CLEAR(args);
    }
};

PyTypeObject* callback_type = nullptr;

CallbackBody& callback_of(PyObject* self) noexcept {
    return body_of<CallbackBody>(self);
}

// Returns: nullptr with a Python error set.
Ref make_callback(PyObject* function, Ref args) noexcept {
    Ref made = Ref::taken(args ? new_object<CallbackBody>(callback_type, nullptr, nullptr) : nullptr);
    if (made) {
        callback_of(made.get()).function = Py_NewRef(function);
        callback_of(made.get()).args = args.release();
    }
    return made;
}

int callback_init(PyObject* self, PyObject* args, PyObject* /*kwargs*/) {
    PyObject* function = nullptr;
    PyObject* tuple = nullptr;
    if (PyArg_ParseTuple(args, "OO!:callback", &function, &PyTuple_Type, &tuple) == 0) {
        return -1;
    }
    Py_XSETREF(callback_of(self).function, Py_NewRef(function));
    Py_XSETREF(callback_of(self).args, Py_NewRef(tuple));
    return 0;
}

PyObject* callback_stop(PyObject* self, PyObject* /*unused*/) {
    callback_of(self).clear();
    Py_RETURN_NONE;
}

// Calls it, if it was not stopped; an error goes to loop.handle_error(). Returns: nullptr with an error set if that
// fails.
PyObject* callback_call(PyObject* self, PyObject* loop) noexcept {
    CallbackBody& me = callback_of(self);
    const Ref function = Ref::taken(std::exchange(me.function, nullptr));
    const Ref args = Ref::shared(me.args);
    const Ref result = Ref::taken(function ? PyObject_Call(function.get(), args.get(), nullptr) : nullptr);
    Py_CLEAR(me.args);
    if (result || !function) {
        Py_RETURN_NONE;
    }
    const Ref error = take_python_error();
    const Ref traceback = Ref::taken(PyException_GetTraceback(error.get()));
    return PyObject_CallMethod(loop, "handle_error", "OOOO", self, Py_TYPE(error.get()), error.get(),
                               traceback ? traceback.get() : Py_None);
}

PyObject* get_function(PyObject* self, void* /*unused*/) {
    PyObject* const function = callback_of(self).function;
    return Py_NewRef(function != nullptr ? function : Py_None);
}

PyObject* get_args(PyObject* self, void* /*unused*/) {
    PyObject* const args = callback_of(self).args;
    return Py_NewRef(args != nullptr ? args : Py_None);
}

PyObject* is_pending(PyObject* self, void* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(callback_of(self).function != nullptr));
}

int callback_bool(PyObject* self) {
    return static_cast<int>(callback_of(self).args != nullptr);
}

// ---- The loop

struct LoopBody {
    PyObject* calls = nullptr;  // a list of those to come

    int traverse(visitproc visit, void* arg) const noexcept {
        Py_VISIT(calls);
        return 0;
    }
    void clear() noexcept { Py_CLEAR(calls); }
};

void run_calls(PyObject* self, void* /*unused*/) noexcept {
    const Ref calls = Ref::taken(std::exchange(body_of<LoopBody>(self).calls, nullptr));
    for (Py_ssize_t i = 0; calls && i < PyList_GET_SIZE(calls.get()); ++i) {
        const Ref call = Ref::shared(PyList_GET_ITEM(calls.get(), i));
        const Ref done = Ref::taken(callback_call(call.get(), self));
        if (!done) {
            PyErr_WriteUnraisable(call.get());
        }
    }
}

PyObject* loop_run_callback(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    LoopBody& me = body_of<LoopBody>(self);
    if (n < 1 || (names != nullptr && PyTuple_GET_SIZE(names) != 0)) {
        PyErr_SetString(PyExc_TypeError, "run_callback() takes a function and its arguments, none of them by name");
        return nullptr;
    }
    if (PyCallable_Check(args[0]) == 0) {
        PyErr_Format(PyExc_TypeError, "Expected callable, not %R", args[0]);
        return nullptr;
    }
    Ref tuple;
    Ref none;
    if (!pack_arguments({args, n, nullptr}, 1, tuple, none)) {
        return nullptr;
    }
    Ref call = make_callback(args[0], std::move(tuple));
    if (!call) {
        return nullptr;
    }
    if (me.calls != nullptr) {
        return PyList_Append(me.calls, call.get()) == 0 ? call.release() : nullptr;
    }
    me.calls = PyList_New(1);
    if (me.calls == nullptr) {
        return nullptr;
    }
    PyList_SET_ITEM(me.calls, 0, Py_NewRef(call.get()));
    if (!call_soon(self, nullptr, &run_calls)) {
        Py_CLEAR(me.calls);
        return nullptr;
    }
    return call.release();
}

}  // namespace

int add_gevent_loop(PyObject* module) noexcept {
    static PyMethodDef of_callback[] = {{"stop", &callback_stop, METH_NOARGS, "stop()\n--\n\nTakes it back."},
                                        {"close", &callback_stop, METH_NOARGS, "close()\n--\n\nTakes it back."},
                                        {"_call", &callback_call, METH_O, nullptr},
                                        {nullptr, nullptr, 0, nullptr}};
    static PyGetSetDef properties[] = {{"callback", &get_function, nullptr, "What it will call, or None.", nullptr},
                                       {"args", &get_args, nullptr, "With what, or None.", nullptr},
                                       {"pending", &is_pending, nullptr, "Whether it will be called.", nullptr},
                                       {nullptr, nullptr, nullptr, nullptr, nullptr}};
    static PyMethodDef of_loop[] = {
        {"run_callback", as_method(&loop_run_callback), METH_FASTCALL | METH_KEYWORDS,
         "run_callback(function, *args)\n--\n\nfunction(*args), when the caller waits next."},
        {nullptr, nullptr, 0, nullptr}};
    callback_type = add_object_type<CallbackBody>(
        module, {"tendril._tendril._GeventCallback", "A call to come; stop() takes it back.", of_callback, properties},
        {{Py_tp_init, as_slot(&callback_init)}, {Py_nb_bool, as_slot(&callback_bool)}});
    if (callback_type == nullptr) {
        return -1;
    }
    return add_object_type<LoopBody>(module, {"tendril._tendril._GeventLoop", nullptr, of_loop, nullptr}, {}) == nullptr
               ? -1
               : 0;
}

}  // namespace tendril::python
