// SPDX-License-Identifier: MIT

#include "python/state.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <vector>

#include <tendril/shield.hpp>

#include "hub/here.hpp"
#include "hub/waiter.hpp"
#include "patch/mutex_owners.hpp"
#include "python/alarm.hpp"
#include "python/error.hpp"
#include "python/exit.hpp"
#include "python/greenlet.hpp"
#include "python/internals.hpp"
#include "python/preempt.hpp"
#include "python/raw_greenlet.hpp"
#include "python/signals.hpp"

namespace tendril::python {

namespace {

constexpr std::size_t most_kept = 4096;  // unused PyThreadStates: 400 bytes and 16 KiB of address space each
constexpr const char* capsule_name = State::key;

bool at_waits = false;  // see give_gil_up_at_waits()
bool over = false;      // see interpreter_has_ended()
thread_local PyThreadState* given_up [[gnu::tls_model("initial-exec")]] = nullptr;
class Turnstile;
thread_local Turnstile* turnstile [[gnu::tls_model("initial-exec")]] = nullptr;  // see take_gil(); never destroyed

// Those that no green thread has. Guarded by the GIL until patch(), then by a lock: OS threads ask it without the GIL.
class Pool {
public:
    static Pool& the() noexcept {
        alignas(Pool) static std::byte place[sizeof(Pool)];
        static auto* const pool = new (place) Pool;  // never destroyed
        return *pool;
    }
    State* take() noexcept {
        const auto lock = guard();
        if (states_.empty()) {
            return nullptr;
        }
        State* const newest = states_.back();
        states_.pop_back();
        return newest;
    }
    // Returns: nullptr unless there is no room for another.
    State* take_if_full() noexcept { return full() ? take() : nullptr; }
    void give(State& state) noexcept {
        const auto lock = guard();
        states_.push_back(&state);
    }
    void forget() noexcept {  // in the child of a fork
        for (State* const each : states_) {
            delete each;
        }
        states_.clear();
    }

private:
    Pool() { states_.reserve(most_kept); }

    bool full() noexcept {
        const auto lock = guard();
        return states_.size() >= most_kept;
    }
    std::unique_lock<std::mutex> guard() noexcept {
        return at_waits ? std::unique_lock(mutex_) : std::unique_lock<std::mutex>();
    }

    std::mutex mutex_;
    std::vector<State*> states_;
};

// After patch(), the GIL is given and taken, and a State is made, by calls that spend of the hub's budget, and could
// let others run in the middle of it: a green thread whose turn has come would queue up once more.
class Unspent {
public:
    Unspent() noexcept : hub_(detail::Scheduler::if_any()) { add(enough); }
    Unspent(const Unspent&) = delete;
    Unspent& operator=(const Unspent&) = delete;
    ~Unspent() { add(-enough); }

private:
    static constexpr int enough = 32;
    void add(int switches) noexcept {
        if (hub_ != nullptr) {
            hub_->budget += switches;
        }
    }
    detail::Scheduler* hub_;
};

// Lets green threads of ours come for the GIL one at a time: of thousands that wait for it at once, each would wake up
// every 5 ms to ask that it be given up.
class Turnstile {
public:
    // Throws nothing: the caller cannot. Returns: false if the hub has failed, which is thrown at the next wait; the
    // caller comes for the GIL in any case.
    bool enter() noexcept {
        if (!std::exchange(taken_, true)) {
            return true;
        }
        const Shield shield;
        detail::Waiter waiter("PyEval_RestoreThread");
        line_.push_back(waiter);
        return waiter.wait_unthrown(never) == detail::Outcome::handed;
    }
    void leave() noexcept {
        taken_ = false;
        while (detail::Waiter* const next = line_.pop_front()) {
            if (next->resolve(detail::Outcome::handed)) {
                taken_ = true;
                return;
            }
        }
    }

private:
    bool taken_ = false;
    detail::List<detail::Waiter> line_;
};

// After patch(): takes the GIL.
void take_gil(PyThreadState* thread, bool own) noexcept {
    const Unspent unspent;
    if (turnstile == nullptr) {
        turnstile = new (std::nothrow) Turnstile;
    }
    if (!own || turnstile == nullptr) {
        PyEval_RestoreThread(thread);
        return;
    }
    const bool entered = turnstile->enter();
    PyEval_RestoreThread(thread);
    if (entered) {
        turnstile->leave();
    }
}

void before_sleep() noexcept {
    if (at_waits) {
        note_hub_sleeps();
    } else if (_PyThreadState_UncheckedGet() != nullptr) {
        given_up = PyEval_SaveThread();
    }
}

void after_sleep() noexcept {
    if (at_waits) {
        note_hub_wakes();
        return;
    }
    if (PyThreadState* const thread = std::exchange(given_up, nullptr)) {
        PyEval_RestoreThread(thread);
        after_sleep_for_signals();
    }
}

constexpr detail::here::AroundSleep around_sleep{&before_sleep, &after_sleep};

void delete_state(PyObject* capsule) {
    auto* const state = static_cast<State*>(PyCapsule_GetPointer(capsule, capsule_name));
    if (detail::here::has_hub() && state->os_thread == detail::OsThread::current_serial()) {
        // Its thread ends; or, in the child of a fork, is gone.
        if (!over && !is_finalizing() && detail::here::fiber().stack == nullptr) {
            end_green_threads(*state);
            set_main_greenlet(nullptr);
        }
        cancel_alarms(*state);
    }
    if (state_here.last == state) {
        state_here.last = nullptr;
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
    if (!guarded([&] { state->os_thread = detail::OsThread::current().serial; })) {
        return nullptr;
    }
    state->thread = PyThreadState_Get();
    const Ref capsule = Ref::taken(PyCapsule_New(state.get(), capsule_name, &delete_state));
    State* const made = state.get();
    if (!capsule) {
        return nullptr;
    }
    static_cast<void>(state.release());
    return PyDict_SetItemString(values, capsule_name, capsule.get()) == 0 ? made : nullptr;
}

// Until patch(): the PyThreadState is current from here on, also for PyGILState_Ensure().
void make_current(PyThreadState* thread) noexcept {
    note_for_gilstate_unpatched(thread);  // first: a debug build looks whether it fits
    PyThreadState_Swap(thread);
}

}  // namespace

std::size_t stack_size() noexcept {
    constexpr std::size_t many = 4096;
    constexpr std::size_t mebibyte = std::size_t{1} << 20;
    constexpr int usual_limit = 1000;
    const PyThreadState* const thread = _PyThreadState_UncheckedGet();
    if (const std::size_t chosen = thread != nullptr ? PyThread_get_stacksize() : 0; chosen != 0) {
        return std::clamp(chosen, detail::StackPool::minimum_size, detail::StackPool::maximum_size);
    }
    if (detail::OsThread::current().stacks.used() >= many) {
        return mebibyte;
    }
    return thread != nullptr && thread->recursion_limit > usual_limit ? 8 * mebibyte : 4 * mebibyte;
}

State* state_of(PyThreadState* thread) noexcept {
    if (State* const own_one = own_state(thread)) {
        return own_one;
    }
    PyObject* const capsule = thread->dict != nullptr ? PyDict_GetItemString(thread->dict, capsule_name) : nullptr;
    return capsule != nullptr ? static_cast<State*>(PyCapsule_GetPointer(capsule, capsule_name)) : nullptr;
}

thread_local constinit StateHere state_here [[gnu::tls_model("initial-exec")]];

void make_hub() {
    if (over) {
        throw std::logic_error("the interpreter is ending: nothing can be spawned or waited for any more");
    }
    const InterruptAside aside;
    detail::here::make_hub();
    detail::here::around_sleep(&around_sleep);
    state_here.has_hooks = true;
}

void interpreter_has_ended() noexcept {
    over = true;
    state_here.has_hooks = false;
}

bool interpreter_is_over() noexcept {
    return over;
}

void give_gil_up_at_waits() noexcept {
    at_waits = true;
    // Keys are each green thread's own from here on, also of the one that runs, which may not be the main one.
    if (State* const own_one = own_state(_PyThreadState_UncheckedGet()); own_one != nullptr) {
        note_for_gilstate(own_one->thread);
        own_one->noted = true;
    }
}

bool gives_gil_up_at_waits() noexcept {
    return at_waits;
}

State* State::find_here() noexcept {
    State* const own_one = own_state(_PyThreadState_UncheckedGet());
    State* const found = own_one != nullptr ? own_one : foreign_state();
    state_here.last = found;
    return found;
}

void (*on_switch)(State&, bool) noexcept = nullptr;

void State::leave() noexcept {
    if (on_switch != nullptr) [[unlikely]] {
        on_switch(*this, true);
    }
    if (at_waits) {
        const Unspent unspent;
        PyEval_SaveThread();
    }
}

void State::return_to() noexcept {
    if (at_waits) {
        if (!noted) {  // first: a debug build looks whether it fits
            note_for_gilstate(thread);
            noted = true;
        }
        take_gil(thread, own);
    } else {
        make_current(thread);
    }
    state_here.last = this;
    if (on_switch != nullptr) [[unlikely]] {
        on_switch(*this, false);
    }
}

namespace {

// A new one of ours. The GIL need not be held.
State* make_own() noexcept {
    const Unspent unspent;
    auto* const state = new (std::nothrow) State;
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
    return state;
}

}  // namespace

State* State::begin() noexcept {
    if (over) [[unlikely]] {
        return nullptr;
    }
    State* const kept = Pool::the().take();
    State* const state = kept != nullptr ? kept : make_own();
    if (state == nullptr) {
        return nullptr;
    }
    if (at_waits) {
        take_gil(state->thread, true);
        note_for_gilstate(state->thread);
        state->noted = true;
        state->thread->thread_id = PyThread_get_thread_ident();
        state->thread->native_thread_id = static_cast<unsigned long>(patch::detail::own_kernel_id());
    } else {
        make_current(state->thread);
    }
    state_here.last = state;
    return state;
}

void State::end() noexcept {
    if (on_switch != nullptr) [[unlikely]] {
        on_switch(*this, true);
    }
    cancel_alarms(*this);
    end_root(*this);
    clear_for_reuse(thread);
    noted = false;
    fiber = nullptr;
    PyObject* const mine = reinterpret_cast<PyObject*>(std::exchange(greenlet, nullptr));
    Py_XDECREF(mine);
    state_here.last = nullptr;
    // Before it gives the GIL up: it does not get it back while the interpreter ends.
    if (State* const spare = Pool::the().take_if_full()) {
        disown(spare->thread);
        PyThreadState_Clear(spare->thread);
        PyThreadState_Delete(spare->thread);
        delete spare;
    }
    if (at_waits) {
        const Unspent unspent;
        PyEval_SaveThread();
    }
    Pool::the().give(*this);
}

void forget_states_after_fork() noexcept {
    Pool::the().forget();
    forget_place_for_gilstate();
    turnstile = nullptr;  // one that the child does not have may stand in it
    state_here.has_hooks = false;
}

}  // namespace tendril::python
