// SPDX-License-Identifier: MIT

#include "python/raw_switch.hpp"

#include <utility>

#include <tendril/greenlet.hpp>

#include "hub/here.hpp"
#include "hub/waiter.hpp"
#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/internals.hpp"
#include "python/state.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

using Stage = RawObject::Stage;

thread_local PyObject* tracer [[gnu::tls_model("initial-exec")]] = nullptr;

void set_raised(PyObject* error) noexcept {
    PyErr_Restore(Py_NewRef(reinterpret_cast<PyObject*>(Py_TYPE(error))), Py_NewRef(error),
                  PyException_GetTraceback(error));
}

constexpr const char* not_in_a_switch = "cannot switch to a greenlet that waits for something else than a switch";

bool can_be_resumed(const RawObject& raw) noexcept {
    return raw.waiter != nullptr && raw.waiter->open();
}

// Calls the trace function in the one that has been switched to. One that raises is taken away. Returns: false with
// its error set.
bool tell_tracer(RawObject& origin, RawObject& target, bool thrown) noexcept {
    if (tracer == nullptr) [[likely]] {
        return true;
    }
    const Ref function = Ref::shared(tracer);
    const Ref result = Ref::taken(
        PyObject_CallFunction(function.get(), "s(OO)", thrown ? "throw" : "switch", object(origin), object(target)));
    if (!result) {
        Py_CLEAR(tracer);
    }
    return static_cast<bool>(result);
}

// The same for a Greenlet, which the hub switches to and from: the hub is None. What the trace function raises is
// reported.
void tell_of_hub(State& state, bool leaving) noexcept {
    thread_local bool telling [[gnu::tls_model("initial-exec")]] = false;
    if (tracer == nullptr || !state.own || state.greenlet == nullptr || telling) {
        return;
    }
    telling = true;
    auto* const greenlet = reinterpret_cast<PyObject*>(state.greenlet);
    const Ref function = Ref::shared(tracer);
    const Ref result = Ref::taken(PyObject_CallFunction(function.get(), "s(OO)", "switch", leaving ? greenlet : Py_None,
                                                        leaving ? Py_None : greenlet));
    if (!result) {
        Py_CLEAR(tracer);
        PyErr_WriteUnraisable(greenlet);
    }
    telling = false;
}

PyObject* opened(Parcel parcel) noexcept {
    if (parcel.error) {
        set_raised(parcel.error.get());
        return nullptr;
    }
    if (parcel.single || !parcel.kwargs) {
        return parcel.value.release();
    }
    if (PyTuple_GET_SIZE(parcel.value.get()) == 0) {
        return parcel.kwargs.release();
    }
    return PyTuple_Pack(2, parcel.value.get(), parcel.kwargs.get());
}

// For one that has begun to run again: takes what it was given, and drops the origin. Returns: its parcel; with an
// error set if the trace function raises.
Parcel arrive(RawObject& here) noexcept {
    Parcel got = std::move(here.parcel);
    const Ref origin = Ref::taken(reinterpret_cast<PyObject*>(std::exchange(here.origin, nullptr)));
    if (origin && !tell_tracer(reinterpret_cast<RawObject&>(*origin.get()), here, static_cast<bool>(got.error))) {
        got = Parcel::raised();
    }
    return got;
}

void finish(RawObject& raw, Parcel parcel) noexcept;

// What the green thread of one runs. Owns the reference to it that one which runs owns.
class Body {
public:
    explicit Body(RawObject& raw) noexcept : raw_(&raw) {}
    Body(Body&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    Body& operator=(Body&&) = delete;
    ~Body() {
        if (raw_ != nullptr) {  // a kill from C++ before it began
            run(true);
        }
    }
    void operator()() noexcept { run(false); }

private:
    void run(bool killed) noexcept {
        RawObject& raw = *std::exchange(raw_, nullptr);
        State* const state = State::begin();
        if (state == nullptr) {
            return;
        }
        state->raw = &raw;
        raw.state = state;
        if (family(raw).state != nullptr) {
            share_values(state->thread, family(raw).state->thread, State::key);
        }
        if (raw.context != nullptr) {
            enter_context(state->thread, std::exchange(raw.context, nullptr));
        }
        Parcel result = result_of(raw, killed);
        Py_CLEAR(raw.run);
        raw.call = {};
        raw.context = Py_XNewRef(context_of(state->thread));
        finish(raw, std::move(result));
        state->raw = nullptr;
        state->end();
    }

    // The function and its arguments stay in the RawObject meanwhile, where the garbage collector sees them.
    static Parcel result_of(RawObject& raw, bool killed) noexcept {
        raw.call = arrive(raw);
        if (killed) {
            PyErr_SetNone(errors.greenlet_exit);
            return Parcel::raised();
        }
        if (raw.call.error) {
            raw.call.swallow_exit();
            return std::move(raw.call);
        }
        if (raw.call.single) {
            raw.call.value = Ref::taken(PyTuple_Pack(1, raw.call.value.get()));
        }
        Ref result;
        if (raw.call.value) {
            result = Ref::taken(PyObject_Call(raw.run, raw.call.value.get(), raw.call.kwargs.get()));
        }
        return result ? Parcel::of(std::move(result)) : Parcel::raised();
    }

    RawObject* raw_;
};

// Finds the one that gets the parcel; `run`: what it is to run if it has not started. Returns: nullptr with an error
// set.
RawObject* find_taker(RawObject& target, RawObject* here, Parcel& parcel, Ref& run) noexcept {
    RawObject* taker = &target;
    for (;;) {
        const bool unstarted = taker->stage == Stage::made;
        if (taker == here || (taker->stage == Stage::started && can_be_resumed(*taker))) {
            return taker;
        }
        if (unstarted && !parcel.error) {
            run = Ref::taken(PyObject_GetAttrString(object(*taker), "run"));
            if (!run) {
                if (here != nullptr) {
                    return nullptr;
                }
                parcel = Parcel::raised();  // of one that has ended: goes on to the next ancestor
                continue;
            }
            if (taker->stage == Stage::made) {  // else getting it has let it start
                return taker;
            }
            continue;
        }
        if (taker->stage == Stage::started) {
            PyErr_SetString(raw_error, not_in_a_switch);
            return nullptr;
        }
        taker->stage = Stage::dead;
        Py_CLEAR(taker->run);
        parcel.swallow_exit();
        taker = taker->parent;
        if (taker == nullptr) {
            PyErr_SetString(raw_error, "cannot switch to a greenlet whose green thread has ended");
            return nullptr;
        }
    }
}

// Lets it run, once the caller waits. Requires: it has its parcel. Throws: std::bad_alloc.
void let_run(RawObject& taker, bool starts) {
    if (starts) {
        const SpawnOptions options{.name = {}, .stack_size = stack_size(), .daemon = false, .where = {}};
        static_cast<void>(spawn(options, Body(taker)));
    } else {
        taker.waiter->resolve(detail::Outcome::handed);
    }
}

void prepare_start(RawObject& taker, Ref run) noexcept {
    const Ref before = Ref::taken(std::exchange(taker.run, run.release()));
    taker.stage = Stage::started;
    Py_INCREF(object(taker));
}

// Makes the taker ready, and parks the caller. `taker` nullptr: only parks. Returns: what the caller is given.
PyObject* pass(RawObject& here, RawObject* taker, Parcel parcel, Ref run) noexcept {
    const bool starts = static_cast<bool>(run);
    if (starts) {
        prepare_start(*taker, std::move(run));
    }
    if (taker != nullptr) {
        taker->parcel = std::move(parcel);
        taker->origin = &here;  // with the reference of one that runs
    }
    bool passed = false;
    const bool resumed = waiting([&] {
        if (taker != nullptr && !starts && !can_be_resumed(*taker)) {
            return;  // a kill or a Timeout has ended its wait, while others ran since the caller gave the GIL up
        }
        detail::Waiter wait("greenlet.switch");
        wait.prepare(never);
        if (taker != nullptr) {
            let_run(*taker, starts);
        }
        passed = true;
        here.waiter = &wait;
        wait.suspend();
        here.waiter = nullptr;
        wait.settle();
    });
    if (!passed) {
        if (taker != nullptr) {
            taker->origin = nullptr;
            taker->parcel = {};
        }
        if (starts) {
            taker->stage = Stage::made;
            Py_DECREF(object(*taker));
        }
        if (resumed) {
            PyErr_SetString(raw_error, not_in_a_switch);
        }
        return nullptr;
    }
    if (taker != nullptr) {
        Py_INCREF(object(here));
    }
    if (!resumed) {
        return nullptr;
    }
    return opened(arrive(here));
}

// Gives the result of one that has ended to its parent, and the reference of one that runs with it.
void finish(RawObject& raw, Parcel parcel) noexcept {
    raw.stage = Stage::dead;
    raw.state = nullptr;
    Ref run;
    RawObject* const taker = raw.parent != nullptr ? find_taker(*raw.parent, nullptr, parcel, run) : nullptr;
    if (taker == nullptr) {
        PyErr_Clear();
        if (parcel.error) {
            set_raised(parcel.error.get());
            PyErr_WriteUnraisable(object(raw));
        }
        Py_DECREF(object(raw));
        return;
    }
    const bool starts = static_cast<bool>(run);
    if (starts) {
        prepare_start(*taker, std::move(run));
    }
    taker->parcel = std::move(parcel);
    taker->origin = &raw;
    if (!guarded([&] { let_run(*taker, starts); })) {
        PyErr_WriteUnraisable(object(raw));
    }
}

}  // namespace

Parcel Parcel::of(Ref result) noexcept {
    Parcel parcel;
    parcel.value = std::move(result);
    parcel.single = true;
    return parcel;
}

Parcel Parcel::raised() noexcept {
    Parcel parcel;
    parcel.error = take_python_error();
    parcel.swallow_exit();
    return parcel;
}

void Parcel::swallow_exit() noexcept {
    if (error && PyErr_GivenExceptionMatches(error.get(), errors.greenlet_exit) != 0) {
        *this = of(std::move(error));
    }
}

PyObject* switch_to(RawObject& target, Parcel parcel) noexcept {
    RawObject* const here = current_raw();
    if (here == nullptr) {
        return nullptr;
    }
    if (target.loose && &target != here && &family(target) != &family(*here)) {
        return resume(target, std::move(parcel)) ? Py_NewRef(Py_None) : nullptr;
    }
    if (is_root(target) && &target != here && &target != &family(*here) && target.state != nullptr && parcel.error) {
        GreenletObject* const greenlet = target.state->greenlet;
        return greenlet != nullptr && kill(*greenlet, parcel.error.get()) ? Py_NewRef(Py_None) : nullptr;
    }
    if (&family(target) != &family(*here)) {
        PyErr_SetString(raw_error, "cannot switch to a different thread");
        return nullptr;
    }
    Ref run;
    RawObject* const taker = find_taker(target, here, parcel, run);
    if (taker == nullptr) {
        return nullptr;
    }
    return taker == here ? opened(std::move(parcel)) : pass(*here, taker, std::move(parcel), std::move(run));
}

bool resume(RawObject& target, Parcel parcel) noexcept {
    if (!can_be_resumed(target)) {
        PyErr_SetString(raw_error, "this greenlet is not parked in a switch");
        return false;
    }
    target.parcel = std::move(parcel);
    target.waiter->resolve(detail::Outcome::handed);
    return true;
}

PyObject* park() noexcept {
    RawObject* const here = current_raw();
    if (here == nullptr) {
        return nullptr;
    }
    here->loose = true;
    PyObject* const result = pass(*here, nullptr, {}, {});
    here->loose = false;
    return result;
}

void unwind(RawObject& raw) noexcept {
    if (raw.stage != Stage::started || is_root(raw) || raw.waiter == nullptr) {
        return;
    }
    Py_INCREF(object(raw));
    if (&raw.waiter->fiber.hub != detail::Scheduler::if_any() || !raw.waiter->open() || _Py_IsFinalizing() != 0) {
        return;  // nothing can unwind it from here: it stays
    }
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    Parcel parcel;
    parcel.error = Ref::taken(PyObject_CallNoArgs(errors.greenlet_exit));
    RawObject* const here = current_raw();
    if (here == nullptr || &family(*here) != &family(raw)) {
        Py_CLEAR(raw.parent);
        raw.parcel = std::move(parcel);
        raw.origin = &raw;  // with the reference that was taken above
        raw.waiter->resolve(detail::Outcome::handed);
    } else {
        Py_INCREF(object(*here));
        Py_XSETREF(raw.parent, here);
        const Ref result = Ref::taken(switch_to(raw, std::move(parcel)));
        if (!result) {
            PyErr_WriteUnraisable(object(raw));
        }
        if (raw.stage == Stage::dead) {
            Py_DECREF(object(raw));
        } else {
            PySys_FormatStderr("GreenletExit did not kill %R\n", object(raw));
        }
    }
    PyErr_Restore(type, value, traceback);
}

Ref set_trace(PyObject* function) noexcept {
    on_switch = &tell_of_hub;
    return Ref::taken(std::exchange(tracer, Py_XNewRef(function)));
}

PyObject* trace() noexcept {
    return tracer;
}

}  // namespace tendril::python
