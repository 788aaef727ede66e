// SPDX-License-Identifier: MIT

#define Py_BUILD_CORE 1  // NOLINT(readability-identifier-naming): CPython reads it
#include "python/internals.hpp"

#undef HAVE_STD_ATOMIC  // <stdatomic.h> is C's; the builtins are the same
#include <internal/pycore_frame.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_pyerrors.h>
#include <internal/pycore_pystate.h>
#include <internal/pycore_runtime.h>

#include <cstddef>

#include "python/state.hpp"

namespace tendril::python {

namespace {

// on_delete marks a PyThreadState as ours; threading has its own function there, or nothing. The interpreter itself
// deletes ours when it ends, and in the child of a fork.
void marker(void* /*state*/) {
    if (is_finalizing()) {
        interpreter_has_ended();
    }
}

// Where this OS thread's value of the interpreter's key lies, once found. pthread_setspecific() at each switch would be
// a sixth of its instructions.
thread_local void** place_of_note [[gnu::tls_model("initial-exec")]] = nullptr;
thread_local bool has_looked [[gnu::tls_model("initial-exec")]] = false;

#if defined(__x86_64__) && defined(__GLIBC__)
// glibc keeps the values of the first 32 keys in the thread's control block, which is longer than this. Returns: the
// only word there that is the value; nullptr: there is no such word.
void** find_in_control_block(const void* value) noexcept {
    constexpr std::size_t words = 200;
    void** block = nullptr;
    asm("movq %%fs:0, %0" : "=r"(block));  // its first word is its address
    void** found = nullptr;
    for (std::size_t i = 0; i < words; ++i) {
        if (block[i] == value) {
            if (found != nullptr) {
                return nullptr;
            }
            found = block + i;
        }
    }
    return found;
}
#else
void** find_in_control_block(const void* /*value*/) noexcept {
    return nullptr;
}
#endif

// By two values that are nowhere else: a word that has both, one after the other, is the place.
void look_for_place() noexcept {
    has_looked = true;
    Py_tss_t* const key = &_PyRuntime.gilstate.autoTSSkey;
    void* const kept = PyThread_tss_get(key);
    char values[2];
    void** places[2];
    for (int i = 0; i < 2; ++i) {
        PyThread_tss_set(key, &values[i]);
        places[i] = find_in_control_block(&values[i]);
    }
    PyThread_tss_set(key, kept);
    place_of_note = places[0] == places[1] ? places[0] : nullptr;
}

}  // namespace

PyObject* errors_by_number() noexcept {
    return PyInterpreterState_Main()->exc_state.errnomap;
}

Span place_of_gil() noexcept {
    const auto& gil = _PyRuntime.ceval.gil;
    return {&gil, &gil + 1};
}

bool gil_is_held() noexcept {
    return _Py_atomic_load_relaxed(&_PyRuntime.ceval.gil.locked) == 1;
}

void request_gil() noexcept {
    auto& ceval = PyInterpreterState_Main()->ceval;
    _Py_atomic_store_relaxed(&ceval.gil_drop_request, 1);
    _Py_atomic_store_relaxed(&ceval.eval_breaker, 1);
}

void withdraw_gil_request() noexcept {
    _Py_atomic_store_relaxed(&PyInterpreterState_Main()->ceval.gil_drop_request, 0);
}

bool gil_is_requested() noexcept {
    return _Py_atomic_load_relaxed(&PyInterpreterState_Main()->ceval.gil_drop_request) != 0;
}

void chain(PyObject* type, PyObject* value, PyObject* traceback) noexcept {
    _PyErr_ChainExceptions(type, value, traceback);
}

bool is_finalizing() noexcept {
    return _PyRuntimeState_GetFinalizing(&_PyRuntime) != nullptr;
}

bool call_signal_handlers() noexcept {
    return _PyErr_CheckSignalsTstate(_PyThreadState_UncheckedGet()) == 0;
}

bool signals_are_pending() noexcept {
    return _Py_atomic_load_relaxed(&_PyRuntime.ceval.signals_pending) != 0;
}

void note_for_gilstate(PyThreadState* thread) noexcept {
    PyThread_tss_set(&_PyRuntime.gilstate.autoTSSkey, thread);
}

void note_for_gilstate_unpatched(PyThreadState* thread) noexcept {
    if (place_of_note != nullptr) [[likely]] {
        *place_of_note = thread;
        return;
    }
    note_for_gilstate(thread);
    if (!has_looked) {
        look_for_place();
    }
}

void forget_place_for_gilstate() noexcept {
    place_of_note = nullptr;
    has_looked = false;
}

State* own_state(PyThreadState* thread) noexcept {
    return thread->on_delete == &marker ? static_cast<State*>(thread->on_delete_data) : nullptr;
}

void adopt(PyThreadState* thread, State* state) noexcept {
    thread->on_delete = &marker;
    thread->on_delete_data = state;
    // Unlike OS threads, green threads have no number of the system's: its address tells them apart in
    // sys._current_frames() and faulthandler.
    thread->thread_id = reinterpret_cast<unsigned long>(state);
}

void own_again(PyThreadState* thread, State* state) noexcept {
    thread->on_delete = &marker;
    thread->on_delete_data = state;
}

void disown(PyThreadState* thread) noexcept {
    thread->on_delete = nullptr;
    thread->on_delete_data = nullptr;
}

void clear_for_reuse(PyThreadState* thread) noexcept {
    Py_CLEAR(thread->dict);
    Py_CLEAR(thread->context);
    ++thread->context_ver;
    Py_CLEAR(thread->async_exc);
    Py_CLEAR(thread->async_gen_firstiter);
    Py_CLEAR(thread->async_gen_finalizer);
    if (thread->c_tracefunc != nullptr || thread->c_profilefunc != nullptr) {
        PyEval_SetProfile(nullptr, nullptr);
        PyEval_SetTrace(nullptr, nullptr);
    }
    thread->recursion_remaining = thread->recursion_limit;
    if (thread->curexc_type != nullptr) {
        PyErr_Clear();
    }
    Py_CLEAR(thread->exc_state.exc_value);
}

PyObject* copy_context() noexcept {
    return _PyThreadState_UncheckedGet()->context == nullptr ? nullptr : PyContext_CopyCurrent();
}

void enter_context(PyThreadState* thread, PyObject* context) noexcept {
    Py_XSETREF(thread->context, context);
    ++thread->context_ver;
}

PyObject* context_of(PyThreadState* thread) noexcept {
    return thread->context;
}

void share_values(PyThreadState* thread, PyThreadState* other, const char* without) noexcept {
    PyObject* const values = other->dict != nullptr ? PyDict_Copy(other->dict) : nullptr;
    if (values != nullptr && PyDict_GetItemString(values, without) != nullptr) {
        PyDict_DelItemString(values, without);
    }
    PyErr_Clear();
    Py_XSETREF(thread->dict, values);
}

// What lies on a running frame's evaluation stack cannot be told from what has lain there: left out, so that the
// collector takes it for referenced from outside.
int traverse_frames(PyThreadState* thread, visitproc visit, void* arg) noexcept {
    for (_PyInterpreterFrame* frame = thread->cframe->current_frame; frame != nullptr; frame = frame->previous) {
        if (frame->owner == FRAME_OWNED_BY_GENERATOR) {  // a generator visits its own
            continue;
        }
        Py_VISIT(frame->frame_obj);
        Py_VISIT(frame->f_locals);
        Py_VISIT(frame->f_func);
        Py_VISIT(frame->f_code);
        for (int i = 0; i < frame->f_code->co_nlocalsplus; ++i) {
            Py_VISIT(frame->localsplus[i]);
        }
    }
    return 0;
}

}  // namespace tendril::python
