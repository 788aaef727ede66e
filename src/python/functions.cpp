// SPDX-License-Identifier: MIT

#include "python/functions.hpp"

#include <cstdint>

#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>

#include "hub/here.hpp"
#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/item_calls.hpp"
#include "python/parking.hpp"
#include "python/shape.hpp"
#include "python/state.hpp"
#include "python/timeout.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

// (callable, *args) and keywords, from the argument `first` on.
GreenletObject* greenlet_from(const Call& call, Py_ssize_t first) noexcept {
    if (call.given <= first) {
        PyErr_SetString(PyExc_TypeError, "a green thread needs something to call");
        return nullptr;
    }
    Ref args;
    Ref kwargs;
    PyObject* const run = call.args[first];
    return pack_arguments(call, first + 1, args, kwargs) ? new_greenlet(run, std::move(args), std::move(kwargs))
                                                         : nullptr;
}

PyObject* started(GreenletObject* greenlet, const Deadline* delay) noexcept {
    if (greenlet == nullptr) {
        return nullptr;
    }
    if (!start(*greenlet, delay)) {
        Py_DECREF(reinterpret_cast<PyObject*>(greenlet));
        return nullptr;
    }
    return reinterpret_cast<PyObject*>(greenlet);
}

PyObject* spawn_function(PyObject* /*module*/, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    return started(greenlet_from({args, n, names}, 0), nullptr);
}

PyObject* spawn_n_function(PyObject* module, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    const Ref greenlet = Ref::taken(spawn_function(module, args, n, names));
    if (!greenlet) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* spawn_after_function(PyObject* /*module*/, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    Deadline delay;
    if (n < 1) {
        PyErr_SetString(PyExc_TypeError, "spawn_after needs a number of seconds, and something to call");
        return nullptr;
    }
    return deadline_from(args[0], delay) ? started(greenlet_from({args, n, names}, 1), &delay) : nullptr;
}

// Lets others run: with `never` until a kill, with another deadline at least until that.
enum class Turns : std::uint8_t {
    when_over,   // goes on when the time is over
    after_them,  // then lets those go first that were ready before, as gevent's loop
};

bool pause(bool only_yields, Deadline deadline, Turns turns) noexcept {
    return waiting([&] {
        if (!only_yields) {
            sleep(deadline);
        }
        if (only_yields || turns == Turns::after_them) {
            yield();
        }
    });
}

bool is_zero(PyObject* seconds) noexcept {
    return PyLong_CheckExact(seconds) && Py_SIZE(seconds) == 0;
}

PyObject* sleep_function(PyObject* /*module*/, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"seconds"};
    PyObject* named[1] = {};
    if (n > 1 || keywords != nullptr) [[unlikely]] {
        if (!read_arguments("sleep", names, 0, {args, n, keywords}, named)) {
            return nullptr;
        }
        args = named;
        n = 1;
    }
    bool only_yields = n == 0 || is_zero(args[0]);
    Deadline deadline;
    if (!only_yields && args[0] != Py_None) {
        double seconds = 0;
        if (!seconds_from(args[0], seconds) || !deadline_from(args[0], deadline)) {
            return nullptr;
        }
        if (seconds < 0) {
            PyErr_SetString(PyExc_ValueError, "sleep needs a number of seconds that is not below 0");
            return nullptr;
        }
        only_yields = seconds == 0;
    }
    return none_if(pause(only_yields, deadline, Turns::when_over));
}

// Reads seconds, of which 0 and less mean not to wait. Returns: false with a Python error set.
bool read_pause(PyObject* seconds, bool& only_yields, Deadline& deadline) noexcept {
    double value = 0;
    if (!seconds_from(seconds, value)) {
        return false;
    }
    only_yields = value <= 0;
    return only_yields || deadline_from(seconds, deadline);
}

PyObject* eventlet_sleep_function(PyObject* /*module*/, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"seconds"};
    PyObject* seconds = n == 1 ? args[0] : nullptr;
    if ((n > 1 || keywords != nullptr) && !read_arguments("sleep", names, 0, {args, n, keywords}, {&seconds, 1})) {
        return nullptr;
    }
    bool only_yields = seconds == nullptr || is_zero(seconds);
    Deadline deadline;
    if (!only_yields && seconds != Py_None && !read_pause(seconds, only_yields, deadline)) {
        return nullptr;
    }
    return none_if(pause(only_yields, deadline, Turns::when_over));
}

PyObject* gevent_sleep_function(PyObject* /*module*/, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"seconds", "ref"};
    PyObject* values[2] = {n == 1 ? args[0] : nullptr, nullptr};
    if ((n > 1 || keywords != nullptr) && !read_arguments("sleep", names, 0, {args, n, keywords}, values)) {
        return nullptr;
    }
    PyObject* const seconds = values[0];
    bool only_yields = seconds == nullptr || seconds == Py_None || is_zero(seconds);
    Deadline deadline;
    if (!only_yields && is_timeout(seconds)) {  // sleeps until that ends it
        return within(seconds, [](PyObject*) { return none_if(pause(false, never, Turns::when_over)); });
    }
    if (!only_yields && !read_pause(seconds, only_yields, deadline)) {
        return nullptr;
    }
    return none_if(pause(only_yields, deadline, Turns::after_them));
}

PyObject* make_function(PyObject* /*module*/, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    return n < 1 ? nullptr : reinterpret_cast<PyObject*>(make_shaped(args[0], {args + 1, n - 1, names}));
}

PyObject* getcurrent_function(PyObject* /*module*/, PyObject* /*unused*/) {
    return Py_XNewRef(reinterpret_cast<PyObject*>(current_greenlet()));
}

PyObject* seconds_function(PyObject* /*module*/, PyObject* value) {
    double seconds = 0;
    return seconds_from(value, seconds) ? PyFloat_FromDouble(seconds) : nullptr;
}

PyObject* set_timeout_function(PyObject* /*module*/, PyObject* type) {
    errors.timeout = Py_NewRef(type);
    Py_RETURN_NONE;
}

}  // namespace

int add_functions(PyObject* module) noexcept {
    static PyMethodDef methods[] = {
        {"spawn", as_method(&spawn_function), METH_FASTCALL | METH_KEYWORDS,
         "spawn(run, *args, **kwargs)\n--\n\nA green thread that runs run(*args, **kwargs), from the caller's next "
         "wait on. Returns its Greenlet."},
        {"spawn_n", as_method(&spawn_n_function), METH_FASTCALL | METH_KEYWORDS,
         "spawn_n(run, *args, **kwargs)\n--\n\nThe same without a Greenlet; what it raises is reported."},
        {"spawn_after", as_method(&spawn_after_function), METH_FASTCALL | METH_KEYWORDS,
         "spawn_after(seconds, run, *args, **kwargs)\n--\n\nThe same, beginning after a time."},
        {"sleep", as_method(&sleep_function), METH_FASTCALL | METH_KEYWORDS,
         "sleep(seconds=0)\n--\n\nLets other green threads run, at least so long; None: until a kill."},
        {"_eventlet_sleep", as_method(&eventlet_sleep_function), METH_FASTCALL | METH_KEYWORDS,
         "sleep(seconds=0)\n--\n\nLets other green threads run, at least so long; 0: each that is ready once."},
        {"_gevent_sleep", as_method(&gevent_sleep_function), METH_FASTCALL | METH_KEYWORDS,
         "sleep(seconds=0, ref=True)\n--\n\nLets other green threads run, at least so long."},
        {"_gevent_park", &park, METH_NOARGS, "Waits until another green thread switches to the caller."},
        {"_make", as_method(&make_function), METH_FASTCALL | METH_KEYWORDS,
         "A Greenlet of a class, with what it is to run; not started."},
        {"_spawner", &make_spawner, METH_VARARGS, "A function that makes a Greenlet of a class and starts it."},
        {"getcurrent", &getcurrent_function, METH_NOARGS,
         "getcurrent()\n--\n\nThe running green thread's Greenlet; of the main one too, which has no end."},
        {"_seconds", &seconds_function, METH_O, nullptr},
        {"_set_timeout", &set_timeout_function, METH_O, nullptr},
        {nullptr, nullptr, 0, nullptr}};
    return PyModule_AddFunctions(module, methods);
}

}  // namespace tendril::python
