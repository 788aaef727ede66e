// SPDX-License-Identifier: MIT

#include "python/patching.hpp"

#include <csignal>
#include <stdexcept>
#include <string>

#include <tendril/patch/patch.hpp>
#include <tendril/patch/report.hpp>

#include "hub/here.hpp"
#include "patch/elf_object.hpp"
#include "patch/extra_hooks.hpp"
#include "patch/held_hub.hpp"
#include "patch/parking_lot.hpp"
#include "patch/patches.hpp"
#include "patch/signal_actions.hpp"
#include "patch/thread_exit.hpp"
#include "python/error.hpp"
#include "python/gil_wait.hpp"
#include "python/internals.hpp"
#include "python/preempt.hpp"
#include "python/state.hpp"
#include "python/thread_lock.hpp"

namespace tendril::python {

namespace {

std::uint64_t patched_hub = 0;  // the owner() of the hub whose green threads are the threads; 0: not patched

// ---- OSError(ECANCELED)

// Runs when the interpreter makes an OSError of ECANCELED, instead of OSError.__init__: the error of that call becomes
// the caller's.
int canceled_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    if (!raise_pending()) {
        return -1;
    }
    const bool complete = reinterpret_cast<PyOSErrorObject*>(self)->myerrno != nullptr;  // OSError() made it
    return complete ? 0 : reinterpret_cast<PyTypeObject*>(PyExc_OSError)->tp_init(self, args, kwargs);
}

int let_canceled_raise(PyObject* module) noexcept {
    static PyType_Slot slots[] = {
        {Py_tp_doc, const_cast<char*>("OSError(errno.ECANCELED): a call was broken off by a kill or a Timeout.")},
        {Py_tp_init, as_slot(&canceled_init)},
        {0, nullptr}};
    static PyType_Spec spec = {"tendril.CanceledError", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    PyTypeObject* const type = add_type(module, spec, reinterpret_cast<PyTypeObject*>(PyExc_OSError));
    const Ref number = Ref::taken(PyLong_FromLong(ECANCELED));
    return type != nullptr && number &&
                   PyDict_SetItem(errors_by_number(), number.get(), reinterpret_cast<PyObject*>(type)) == 0
               ? 0
               : -1;
}

// ---- Signals

// Python's handlers that are installed break off waits from now on.
bool adopt_handlers() noexcept {
    const Ref module = Ref::taken(PyImport_ImportModule("signal"));
    if (!module) {
        return false;
    }
    for (int number = 1; number < NSIG; ++number) {
        const Ref handler = Ref::taken(PyObject_CallMethod(module.get(), "getsignal", "i", number));
        struct sigaction now {};
        if (!handler) {
            PyErr_Clear();  // a number that the C library keeps for itself
        } else if (PyCallable_Check(handler.get()) != 0 &&
                   patch::detail::set_signal_action(number, nullptr, &now) == 0) {
            patch::detail::set_signal_action(number, &now, nullptr);
        }
    }
    return true;
}

// ---- C extensions

// Stands in for the interpreter's in C extensions, which ask it after a call that failed and before they try again:
// ssl, for example, takes an error of the connection for its end.
int check_signals() {
    return PyErr_CheckSignals() < 0 || !raise_pending() ? -1 : 0;
}

// ---- Functions

bool has_preload() {
    bool found = false;
    patch::detail::Patches::of_process().visit(
        [&](const patch::detail::ElfObject& object, const patch::detail::Patches::Patched* /*unused*/) {
            found = found || object.path().find("libtendril_preload") != std::string::npos;
        });
    return found;
}

bool may_patch() noexcept {
    return guarded([] {
        if (has_preload()) {
            throw std::runtime_error(
                "patch(): this process is patched already by `tendril run`'s preloaded library, which has a hub of its "
                "own; run the program by `python3 -m tendril run` instead");
        }
        have_hub();
        if (patched_hub != 0) {
            detail::here::require_owner("patch()", patched_hub);
        }
    });
}

patch::Classes classes_of(const char* names) {
    try {
        return patch::parse_classes(names);
    } catch (const patch::Error& error) {
        throw std::invalid_argument(error.what());
    }
}

PyObject* patch_function(PyObject* module, PyObject* args) {
    const char* names = nullptr;
    const char* without = nullptr;
    if (PyArg_ParseTuple(args, "ss", &names, &without) == 0 || !may_patch()) {
        return nullptr;
    }
    const bool first = patched_hub == 0;
    const bool done = guarded([&] {
        const patch::Options options{.classes = classes_of(names), .except = classes_of(without), .require = {}};
        const patch::Classes classes = options.classes - options.except;
        if (!classes.has(patch::Class::sync) || !classes.has(patch::Class::keys)) {
            throw std::invalid_argument(
                "patch() needs the classes sync and keys: the interpreter's own lock and its thread states are made of "
                "them");
        }
        if (first) {
            const Span gil = place_of_gil();
            patch::detail::hold_hub_up_if(&holds_hub_up_for_gil);
            patch::detail::never_break(gil.begin, gil.end);
            patch::detail::leave_exiting_suspended(&is_finalizing);
        }
        patch::all(options);
    });
    if (!done) {
        return nullptr;
    }
    if (first) {
        patched_hub = detail::here::owner();
        give_gil_up_at_waits();
        if (!adopt_handlers() || let_canceled_raise(module) != 0 || let_locks_be_interrupted() != 0) {
            return nullptr;
        }
    }
    return PyBool_FromLong(static_cast<long>(first));
}

PyObject* patched_function(PyObject* /*module*/, PyObject* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(is_patched()));
}

PyObject* patch_report_function(PyObject* /*module*/, PyObject* /*unused*/) {
    std::string text;
    if (!guarded([&] { text = patch::to_string(patch::report()); })) {
        return nullptr;
    }
    return PyUnicode_DecodeFSDefaultAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

PyObject* raise_pending_function(PyObject* /*module*/, PyObject* /*unused*/) {
    if (!raise_pending()) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

}  // namespace

bool raise_pending() noexcept {
    return guarded([] { patch::deliver(); });
}

bool is_patched() noexcept {
    return patched_hub != 0;
}

void prefer_pending() noexcept {
    if (!is_patched() || PyErr_ExceptionMatches(PyExc_Exception) == 0) {
        return;
    }
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    if (raise_pending()) {
        PyErr_Restore(type, value, traceback);
    } else {
        chain(type, value, traceback);
    }
}

int add_patching(PyObject* module) noexcept {
    static const patch::detail::Hook of_extensions[] = {{"PyErr_CheckSignals", patch::Class{}, &check_signals}};
    patch::detail::add_extra_hooks(of_extensions);
    static PyMethodDef methods[] = {
        {"_patch", &patch_function, METH_VARARGS, nullptr},
        {"patched", &patched_function, METH_NOARGS, "patched()\n--\n\nWhether patch() was called in this process."},
        {"patch_report", &patch_report_function, METH_NOARGS,
         "patch_report()\n--\n\nWhat is patched in this process, and what is not, as a table."},
        {"deliver", &raise_pending_function, METH_NOARGS,
         "deliver()\n--\n\nRaises the kill or Timeout that is pending in this green thread, if there is one: to be "
         "called where a library has made an error of its own of it."},
        {"raise_pending", &raise_pending_function, METH_NOARGS, nullptr},
        {nullptr, nullptr, 0, nullptr}};
    return PyModule_AddFunctions(module, methods) == 0 ? add_preempt(module) : -1;
}

}  // namespace tendril::python
