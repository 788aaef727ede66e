// SPDX-License-Identifier: MIT

#include "python/hub.hpp"

#include <chrono>
#include <exception>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tendril/blocking_watch.hpp>
#include <tendril/hub.hpp>
#include <tendril/snapshot.hpp>

#include "hub/here.hpp"
#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/state.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

PyObject* watch_handler = nullptr;  // called by the watching OS thread; guarded by the GIL
bool watching = false;

// ---- Values for Python; each may be nullptr with an error set

PyObject* object_of(double value) noexcept {
    return PyFloat_FromDouble(value);
}
PyObject* object_of(std::uint64_t value) noexcept {
    return PyLong_FromUnsignedLongLong(value);
}
PyObject* object_of(int value) noexcept {
    return PyLong_FromLong(value);
}
PyObject* object_of(bool value) noexcept {
    return PyBool_FromLong(static_cast<long>(value));
}
PyObject* object_of(const std::string& value) noexcept {
    return PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), "backslashreplace");
}
PyObject* object_of(const char* value) noexcept {
    return PyUnicode_FromString(value);
}
PyObject* object_of(const std::vector<std::string>& values) noexcept {
    Ref list = Ref::taken(PyList_New(0));
    for (const std::string& each : values) {
        const Ref one = Ref::taken(list ? object_of(each) : nullptr);
        if (!one || PyList_Append(list.get(), one.get()) != 0) {
            return nullptr;
        }
    }
    return list.release();
}
PyObject* object_of(Ref&& value) noexcept {
    return value ? value.release() : Py_NewRef(Py_None);
}

// Collects a dict; after an error all else is skipped.
class Dict {
public:
    template <class T>
    Dict& operator()(const char* name, T&& value) noexcept {
        const Ref object = Ref::taken(dict_ ? object_of(std::forward<T>(value)) : nullptr);
        if (!object || PyDict_SetItemString(dict_.get(), name, object.get()) != 0) {
            dict_ = Ref();
        }
        return *this;
    }
    PyObject* release() noexcept { return dict_.release(); }

private:
    Ref dict_ = Ref::taken(PyDict_New());
};

double seconds(std::chrono::nanoseconds time) noexcept {
    return std::chrono::duration<double>(time).count();
}

// ---- Who is who

struct Known {
    PyThreadState* thread = nullptr;
    GreenletObject* greenlet = nullptr;
};

// All of them, by the numbers of their green threads.
using All = std::unordered_map<std::uint64_t, Known>;

// Finds this hub's threads that have never called this module: by the stack that they run Python on.
void find_foreign(All& all, const std::vector<PyThreadState*>& threads) {
    for (const detail::Fiber* fiber : detail::here::fibers()) {
        for (PyThreadState* thread : threads) {
            if (fiber->stack->bounds.contains(thread->cframe)) {
                all.try_emplace(fiber->id, Known{thread, nullptr});
            }
        }
    }
}

All know_all() {
    All all;
    std::vector<PyThreadState*> rest;
    for (PyThreadState* thread = PyInterpreterState_ThreadHead(PyInterpreterState_Main()); thread != nullptr;
         thread = PyThreadState_Next(thread)) {
        const State* const state = state_of(thread);
        if (state != nullptr && state->greenlet != nullptr) {
            all[state->greenlet->id] = {thread, state->greenlet};
        } else if (state == nullptr || !state->own) {
            rest.push_back(thread);
        }
    }
    if (!rest.empty() && detail::here::has_hub()) {
        find_foreign(all, rest);
    }
    detail::List<Living>& living = living_greenlets();
    for (Living* each = living.front(); each != nullptr; each = living.after(*each)) {
        all[greenlet_of(*each).id].greenlet = &greenlet_of(*each);  // also those that have not begun
    }
    return all;
}

Known known(const All& all, std::uint64_t id) noexcept {
    const auto found = all.find(id);
    return found != all.end() ? found->second : Known();
}

Ref frame_of(PyThreadState* thread) noexcept {
    return Ref::taken(thread != nullptr ? reinterpret_cast<PyObject*>(PyThreadState_GetFrame(thread)) : nullptr);
}

Ref greenlet_ref(GreenletObject* greenlet) noexcept {
    return Ref::shared(reinterpret_cast<PyObject*>(greenlet));
}

// ---- The functions

constexpr const char* states[] = {"waits for its start", "is ready to begin", "is ready", "runs", "waits"};
constexpr const char* kinds[] = {"spawned", "main", "hub"};

PyObject* greenlet_dict(const GreenletInfo& info, const Known& who) noexcept {
    Dict dict;
    dict("id", info.id)("spawner", info.spawner)("name", info.name)("kind", kinds[static_cast<int>(info.kind)])(
        "state", states[static_cast<int>(info.state)])("waits_in", info.waits_in)("waited", seconds(info.waited))(
        "holder", info.holder)("descriptor", info.descriptor)("writes", info.writes)("daemon", info.daemon)(
        "kill_pending", info.kill_pending)("stack_size", static_cast<std::uint64_t>(info.stack_size))(
        "stack_used", static_cast<std::uint64_t>(info.stack_used))("backtrace", info.backtrace);
    dict("greenlet", greenlet_ref(who.greenlet))("frame", frame_of(who.thread))(
        "ident", static_cast<std::uint64_t>(who.thread != nullptr ? who.thread->thread_id : 0));
    return dict.release();
}

PyObject* snapshot_function(PyObject* /*module*/, PyObject* backtraces) {
    HubSnapshot taken;
    All all;
    const int with = PyObject_IsTrue(backtraces);
    if (with < 0 || !guarded([&] {
            have_hub();
            taken = snapshot({.backtraces = with != 0});
            all = know_all();
        })) {
        return nullptr;
    }
    Ref list = Ref::taken(PyList_New(0));
    for (const GreenletInfo& each : taken.greenlets) {
        const Ref one = Ref::taken(list ? greenlet_dict(each, known(all, each.id)) : nullptr);
        if (!one || PyList_Append(list.get(), one.get()) != 0) {
            return nullptr;
        }
    }
    return list.release();
}

PyObject* stats_function(PyObject* /*module*/, PyObject* /*unused*/) {
    HubStats stats;
    const char* backend = "";
    if (!guarded([&] {
            have_hub();
            stats = Hub::current().stats();
            backend = Hub::current().backend();
        })) {
        return nullptr;
    }
    const auto count = [](std::size_t n) { return static_cast<std::uint64_t>(n); };
    return Dict()("backend", backend)("greenlets", count(stats.greenlets))("ready", count(stats.ready))(
               "timers", count(stats.timers))("descriptors", count(stats.descriptors))("waiting_for_io",
                                                                                       count(stats.waiting_for_io))(
               "stacks_used", count(stats.stacks_used))("stacks_free", count(stats.stacks_free))("turns", stats.turns)
        .release();
}

PyObject* run_until_idle_function(PyObject* /*module*/, PyObject* timeout) {
    Deadline deadline;
    bool idle = false;
    if (!deadline_from(timeout, deadline) || !waiting([&] { idle = Hub::current().run_until_idle(deadline); })) {
        return nullptr;
    }
    return PyBool_FromLong(static_cast<long>(idle));
}

PyObject* set_error_handler_function(PyObject* /*module*/, PyObject* handler) {
    if (handler != Py_None && PyCallable_Check(handler) == 0) {
        PyErr_Format(PyExc_TypeError, "an error handler must be callable; this is %R", handler);
        return nullptr;
    }
    return object_of(set_error_handler(handler == Py_None ? Ref() : Ref::shared(handler)));
}

// In the watching OS thread. The blocked one gives the GIL up soon if it computes in Python, or has given it up if it
// waits in C; until then this waits.
void on_block(const BlockReport& report) noexcept {
    if (interpreter_is_over()) {
        return;
    }
    const PyGILState_STATE gil = PyGILState_Ensure();
    if (const Ref handler = Ref::shared(watch_handler)) {
        All all;
        if (!guarded([&] { all = know_all(); })) {
            PyErr_Clear();
        }
        const Known who = known(all, report.greenlet);
        Dict dict;
        dict("id", report.greenlet)("os_thread", report.os_thread)("held", seconds(report.held))("call", report.call)(
            "in_callback", report.in_callback)("backtrace", report.backtrace);
        dict("greenlet", greenlet_ref(who.greenlet))("frame", frame_of(who.thread));
        const Ref what = Ref::taken(dict.release());
        const Ref done = Ref::taken(what ? PyObject_CallOneArg(handler.get(), what.get()) : nullptr);
        if (!done) {
            PyErr_WriteUnraisable(handler.get());
        }
    }
    PyGILState_Release(gil);
}

PyObject* set_blocking_watch_function(PyObject* /*module*/, PyObject* args) {
    PyObject* handler = nullptr;
    double threshold = 0;
    if (PyArg_ParseTuple(args, "dO:_set_blocking_watch", &threshold, &handler) == 0) {
        return nullptr;
    }
    if (!(threshold >= 0 && threshold < 1e6)) {
        PyErr_SetString(PyExc_ValueError, "the blocking watch needs a number of seconds; 0 turns it off");
        return nullptr;
    }
    Py_XSETREF(watch_handler, Py_NewRef(handler));
    std::exception_ptr error;
    PyThreadState* const here = PyEval_SaveThread();  // a handler that still runs needs the GIL to end
    try {
        set_blocking_watch(std::chrono::duration<double>(threshold), &on_block);
    } catch (...) {
        error = std::current_exception();
    }
    PyEval_RestoreThread(here);
    watching = threshold > 0 && error == nullptr;
    if (error != nullptr && !guarded([&] { std::rethrow_exception(error); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

}  // namespace

void end_blocking_watch() noexcept {
    if (std::exchange(watching, false)) {
        const Ref args = Ref::taken(Py_BuildValue("(dO)", 0.0, Py_None));
        const Ref done = Ref::taken(args ? set_blocking_watch_function(nullptr, args.get()) : nullptr);
        if (!done) {
            PyErr_Clear();
        }
    }
}

int add_hub(PyObject* module) noexcept {
    static PyMethodDef methods[] = {{"_snapshot", &snapshot_function, METH_O, nullptr},
                                    {"_hub_stats", &stats_function, METH_NOARGS, nullptr},
                                    {"_run_until_idle", &run_until_idle_function, METH_O, nullptr},
                                    {"_set_error_handler", &set_error_handler_function, METH_O, nullptr},
                                    {"_set_blocking_watch", &set_blocking_watch_function, METH_VARARGS, nullptr},
                                    {nullptr, nullptr, 0, nullptr}};
    return PyModule_AddFunctions(module, methods);
}

}  // namespace tendril::python
