// SPDX-License-Identifier: MIT

#include "python/state.hpp"

#include <memory>
#include <new>
#include <vector>

#include "hub/here.hpp"
#include "python/alarm.hpp"
#include "python/greenlet.hpp"
#include "python/internals.hpp"
#include "python/raw_greenlet.hpp"

namespace tendril::python {

void (*on_signal_pending)() noexcept = nullptr;

namespace {

constexpr std::size_t most_kept = 4096;  // unused PyThreadStates: 400 bytes and 16 KiB of address space each
constexpr const char* capsule_name = "tendril._tendril.State";

bool at_waits = false;                                                  // see give_gil_up_at_waits()
thread_local State* last [[gnu::tls_model("initial-exec")]] = nullptr;  // most likely the running one
thread_local PyThreadState* given_up [[gnu::tls_model("initial-exec")]] = nullptr;
thread_local bool has_hooks [[gnu::tls_model("initial-exec")]] = false;

std::vector<State*>& pool() {
    static auto* const states = new std::vector<State*>;  // guarded by the GIL; never destroyed
    return *states;
}

void before_sleep() noexcept {
    if (!at_waits && _PyThreadState_UncheckedGet() != nullptr) {
        given_up = PyEval_SaveThread();
    }
}

void after_sleep() noexcept {
    if (PyThreadState* const thread = std::exchange(given_up, nullptr)) {
        PyEval_RestoreThread(thread);
        if (on_signal_pending != nullptr && signals_are_pending()) {
            on_signal_pending();
        }
    }
}

constexpr detail::here::AroundSleep around_sleep{&before_sleep, &after_sleep};

void delete_state(PyObject* capsule) {
    auto* const state = static_cast<State*>(PyCapsule_GetPointer(capsule, capsule_name));
    if (last == state) {
        last = nullptr;
    }
    end_root(*state);
    Py_XDECREF(reinterpret_cast<PyObject*>(state->greenlet));
    delete state;
}

// The State of a thread that is not ours lies in its dictionary.
State* foreign_state() noexcept {
    PyObject* const values = PyThreadState_GetDict();
    if (values == nullptr) {
        PyErr_NoMemory();
        return nullptr;
    }
    if (PyObject* const capsule = PyDict_GetItemString(values, capsule_name)) {
        return static_cast<State*>(PyCapsule_GetPointer(capsule, capsule_name));
    }
    std::unique_ptr<State> state(new (std::nothrow) State);
    if (state == nullptr) {
        PyErr_NoMemory();
        return nullptr;
    }
    state->thread = PyThreadState_Get();
    const Ref capsule = Ref::taken(PyCapsule_New(state.get(), capsule_name, &delete_state));
    State* const made = state.get();
    if (!capsule) {
        return nullptr;
    }
    state.release();
    return PyDict_SetItemString(values, capsule_name, capsule.get()) == 0 ? made : nullptr;
}

// The PyThreadState is current from here on, also for PyGILState_Ensure().
void make_current(PyThreadState* thread) noexcept {
    PyThreadState_Swap(thread);
    note_for_gilstate(thread);
}

}  // namespace

void have_hub() {
    if (!has_hooks) {
        detail::here::make_hub();
        detail::here::around_sleep(&around_sleep);
        has_hooks = true;
    }
}

void give_gil_up_at_waits() noexcept {
    at_waits = true;
}

bool gives_gil_up_at_waits() noexcept {
    return at_waits;
}

State* State::here() noexcept {
    PyThreadState* const thread = _PyThreadState_UncheckedGet();
    if (last != nullptr && last->thread == thread) [[likely]] {
        return last;
    }
    State* const own_one = own_state(thread);
    State* const found = own_one != nullptr ? own_one : foreign_state();
    last = found;
    return found;
}

void State::leave() noexcept {
    if (at_waits) {
        PyEval_SaveThread();
    }
}

void State::return_to() noexcept {
    if (at_waits) {
        PyEval_RestoreThread(thread);
    } else {
        make_current(thread);
    }
    last = this;
}

State* State::begin() noexcept {
    if (at_waits) {
        // A thread state can be made without the GIL; the pool cannot be asked. Taken by the one that will be current.
        PyThreadState* const made = PyThreadState_New(PyInterpreterState_Main());
        if (made == nullptr) {
            return nullptr;
        }
        PyEval_RestoreThread(made);
        if (!pool().empty()) {
            // One from the pool, so that at most as many are made as run at once.
            State* const kept = pool().back();
            pool().pop_back();
            PyThreadState_Swap(kept->thread);
            PyThreadState_Clear(made);
            PyThreadState_Delete(made);
            note_for_gilstate(kept->thread);
            last = kept;
            return kept;
        }
        auto* const state = new (std::nothrow) State;
        if (state == nullptr) {
            return nullptr;
        }
        state->thread = made;
        state->own = true;
        adopt(made, state);
        note_for_gilstate(made);
        last = state;
        return state;
    }
    State* state = nullptr;
    if (!pool().empty()) [[likely]] {
        state = pool().back();
        pool().pop_back();
    } else {
        state = new (std::nothrow) State;
        if (state == nullptr) {
            return nullptr;
        }
        state->thread = PyThreadState_New(PyInterpreterState_Main());
        if (state->thread == nullptr) {
            delete state;
            return nullptr;
        }
        state->own = true;
        adopt(state->thread, state);
    }
    make_current(state->thread);
    last = state;
    return state;
}

void State::end() noexcept {
    cancel_alarms(*this);
    end_root(*this);
    clear_for_reuse(thread);
    PyObject* const mine = reinterpret_cast<PyObject*>(std::exchange(greenlet, nullptr));
    Py_XDECREF(mine);
    pool().push_back(this);
    last = nullptr;
    if (pool().size() > most_kept) {
        State* const oldest = pool().front();
        pool().erase(pool().begin());
        disown(oldest->thread);
        PyThreadState_Clear(oldest->thread);
        PyThreadState_Delete(oldest->thread);
        delete oldest;
    }
    if (at_waits) {
        PyEval_SaveThread();
    }
}

void forget_states_after_fork() noexcept {
    pool().clear();
    has_hooks = false;
}

}  // namespace tendril::python
