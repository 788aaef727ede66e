// SPDX-License-Identifier: MIT

#include "python/greenlet.hpp"

#include <structmember.h>

#include <cstddef>
#include <exception>
#include <new>
#include <vector>

#include "hub/here.hpp"
#include "python/alarm.hpp"
#include "python/error.hpp"
#include "python/exit.hpp"
#include "python/greenlet_parts.hpp"
#include "python/greenlet_repr.hpp"
#include "python/internals.hpp"
#include "python/links.hpp"
#include "python/patching.hpp"
#include "python/state.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

PyTypeObject* greenlet_type = nullptr;

namespace {

using Stage = GreenletObject::Stage;

GreenletObject* cast(PyObject* self) noexcept {
    return reinterpret_cast<GreenletObject*>(self);
}

// ---- Its life

// Calls the links one after the other, each with the greenlet; reports what they raise.
void call_links(PyObject* self, void* /*unused*/) noexcept {
    const Ref links = Ref::taken(std::exchange(cast(self)->links, nullptr));
    for (Py_ssize_t i = 0; links && i < PyList_GET_SIZE(links.get()); ++i) {
        const Ref link = Ref::shared(PyList_GET_ITEM(links.get(), i));
        const Ref result = Ref::taken(PyObject_CallOneArg(link.get(), self));
        if (!result) {
            PyErr_WriteUnraisable(link.get());
        }
    }
}

// What cannot be the end of one green thread only: raised in the main one.
bool ends_program(PyObject* error) noexcept {
    return PyErr_GivenExceptionMatches(error, PyExc_SystemExit) != 0 ||
           PyErr_GivenExceptionMatches(error, PyExc_KeyboardInterrupt) != 0;
}

void report(GreenletObject& me) noexcept;

// Takes the Python error that is set, as the end of the greenlet.
void take_error(GreenletObject& greenlet) noexcept {
    PyObject* const value = take_python_error().release();
    if (PyErr_GivenExceptionMatches(value, errors.greenlet_exit) != 0) {
        greenlet.value = value;
        greenlet.exited = true;
        return;
    }
    greenlet.error = value;
    if (ends_program(value)) {
        greenlet.seen = true;
        raise_in_main(value);
    }
}

// Tells a subclass of an error that it has ended with.
void tell_of_error(GreenletObject& greenlet) noexcept {
    if (greenlet.error != nullptr && Py_TYPE(object(greenlet)) != greenlet_type) {
        const Ref told = Ref::taken(PyObject_CallMethod(object(greenlet), "_failed", "O", greenlet.error));
        if (!told) {
            PyErr_WriteUnraisable(object(greenlet));
        }
    }
    if (greenlet.abandoned && greenlet.error != nullptr && !greenlet.seen) {  // its finalizer is not called again
        report(greenlet);
    }
}

void fail(GreenletObject& greenlet) noexcept {
    take_error(greenlet);
    tell_of_error(greenlet);
}

void drop_run(GreenletObject& greenlet) noexcept {
    if (!greenlet.keeps_run) {
        Py_CLEAR(greenlet.run);
    }
    Py_CLEAR(greenlet.args);
    Py_CLEAR(greenlet.kwargs);
}

// `told`: those that wait for it know already.
void end(GreenletObject& greenlet, bool told = false) noexcept {
    greenlet.stage = Stage::ended;
    greenlet.state = nullptr;
    greenlet.living.unlink();
    greenlet.handle = AnyGreenlet();  // which other OS threads must not drop
    if (!told) {
        notify(greenlet);
    }
}

// What its green thread runs. Owns a reference to the greenlet.
class Body {
public:
    explicit Body(GreenletObject& greenlet) noexcept : greenlet_(&greenlet) { Py_INCREF(object(greenlet)); }
    Body(Body&& other) noexcept : greenlet_(std::exchange(other.greenlet_, nullptr)) {}
    Body& operator=(Body&&) = delete;
    ~Body() {
        if (greenlet_ != nullptr) {
            end_unbegun();
        }
    }

    void operator()() noexcept {
        GreenletObject& greenlet = *std::exchange(greenlet_, nullptr);
        State* const state = begin(greenlet);
        if (state == nullptr) {
            return;
        }
        if (greenlet.stage != Stage::ended) [[likely]] {  // else it was killed before
            call(greenlet);
        }
        end(greenlet, greenlet.stage == Stage::ended);
        if (&greenlet == main_greenlet()) [[unlikely]] {
            exit_program(greenlet.error);
        }
        state->end();
    }

private:
    static void call(GreenletObject& greenlet) noexcept {
        greenlet.stage = Stage::running;
        greenlet.value = greenlet.kwargs == nullptr ? PyObject_Call(greenlet.run, greenlet.args, nullptr)
                                                    : call_with_keywords(greenlet);
        if (greenlet.value == nullptr) {
            prefer_pending();
            take_error(greenlet);
        }
        drop_run(greenlet);
        if (greenlet.shape != nullptr && greenlet.shape->over != nullptr) {
            greenlet.shape->over(greenlet);
        }
        tell_of_error(greenlet);
    }

    // PyObject_Call() would make references of its own to the arguments, which the garbage collector does not know.
    static PyObject* call_with_keywords(GreenletObject& greenlet) noexcept {
        const auto given = static_cast<std::size_t>(PyTuple_GET_SIZE(greenlet.args));
        const Ref names = Ref::taken(PyTuple_New(PyDict_GET_SIZE(greenlet.kwargs)));
        std::vector<PyObject*> values;
        if (!names ||
            !guarded([&] { values.reserve(given + static_cast<std::size_t>(PyTuple_GET_SIZE(names.get()))); })) {
            return nullptr;
        }
        for (std::size_t i = 0; i < given; ++i) {
            values.push_back(PyTuple_GET_ITEM(greenlet.args, static_cast<Py_ssize_t>(i)));
        }
        PyObject *name = nullptr, *value = nullptr;
        for (Py_ssize_t at = 0, i = 0; PyDict_Next(greenlet.kwargs, &at, &name, &value) != 0; ++i) {
            PyTuple_SET_ITEM(names.get(), i, Py_NewRef(name));
            values.push_back(value);
        }
        return PyObject_Vectorcall(greenlet.run, values.data(), given, names.get());
    }

    static State* begin(GreenletObject& greenlet) noexcept {
        State* const state = State::begin();
        if (state != nullptr) {
            state->greenlet = &greenlet;
            greenlet.state = state;
            if (greenlet.context != nullptr) {
                enter_context(state->thread, std::exchange(greenlet.context, nullptr));
            }
        }
        return state;
    }

    // It was killed before it began; its green thread runs only to destroy this.
    void end_unbegun() noexcept {
        GreenletObject& greenlet = *std::exchange(greenlet_, nullptr);
        State* const state = begin(greenlet);
        if (state == nullptr) {
            return;
        }
        drop_run(greenlet);
        const bool told = greenlet.stage == Stage::ended;
        if (!told) {
            if (const Ref error = take_kill(greenlet)) {
                set_python_error(error.get());
            } else {
                PyErr_SetNone(errors.greenlet_exit);
            }
            fail(greenlet);
        }
        Py_CLEAR(greenlet.to_raise);
        end(greenlet, told);
        state->end();
    }

    GreenletObject* greenlet_;
};

void note_start(GreenletObject& greenlet) {
    greenlet.id = greenlet.handle.id();
    greenlet.owner = detail::here::owner();
    living_greenlets().push_back(greenlet.living);
}

bool begin_later(GreenletObject& greenlet, const Deadline* delay) noexcept {
    if (greenlet.stage != Stage::made) {
        return true;
    }
    if (main_greenlet() == nullptr) [[unlikely]] {  // the first of this OS thread: by its main green thread
        set_main_greenlet(current_greenlet());
    }
    if (greenlet.run == nullptr) {
        PyErr_SetString(PyExc_TypeError, "this Greenlet has nothing to run");
        return false;
    }
    greenlet.context = copy_context();
    if (greenlet.context == nullptr && PyErr_Occurred() != nullptr) {
        return false;
    }
    greenlet.stage = Stage::pending;
    return guarded([&] {
        have_hub();
        const SpawnOptions options{.name = {}, .stack_size = stack_size(), .daemon = false, .where = {}};
        greenlet.handle = delay == nullptr ? AnyGreenlet(spawn(options, Body(greenlet)))
                                           : AnyGreenlet(spawn_after(options, *delay, Body(greenlet)));
        note_start(greenlet);
    });
}

// ---- The type

PyObject* greenlet_new(PyTypeObject* type, PyObject* /*args*/, PyObject* /*kwargs*/) {
    return reinterpret_cast<PyObject*>(make_greenlet(type));
}

int greenlet_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    GreenletObject& me = *cast(self);
    if (me.stage != Stage::made) {
        PyErr_SetString(PyExc_RuntimeError, "this Greenlet was started already");
        return -1;
    }
    PyObject* run = PyTuple_GET_SIZE(args) > 0 ? PyTuple_GET_ITEM(args, 0) : Py_None;
    Ref method;
    if (run == Py_None) {  // a subclass with a method of its own
        method = Ref::taken(PyObject_GetAttrString(self, "_run"));
        if (!method) {
            PyErr_Clear();
        }
        run = method.get();
    }
    if (run != nullptr && PyCallable_Check(run) == 0) {
        PyErr_Format(PyExc_TypeError, "a green thread needs something to call; this is %R", run);
        return -1;
    }
    Ref rest = Ref::taken(PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args)));
    Ref named = Ref::taken(kwargs != nullptr && PyDict_GET_SIZE(kwargs) != 0 ? PyDict_Copy(kwargs) : nullptr);
    if (!rest || PyErr_Occurred() != nullptr) {
        return -1;
    }
    Py_XSETREF(me.run, Py_XNewRef(run));
    Py_XSETREF(me.args, rest.release());
    Py_XSETREF(me.kwargs, named.release());
    return 0;
}

int greenlet_traverse(PyObject* self, visitproc visit, void* arg) {
    GreenletObject& me = *cast(self);
    Py_VISIT(Py_TYPE(self));
    for (PyObject* each :
         {me.dict, me.run, me.args, me.kwargs, me.context, me.value, me.error, me.to_raise, me.links, me.tree}) {
        Py_VISIT(each);
    }
    if (const int stop = me.waits.traverse(visit, arg)) {
        return stop;
    }
    return me.state != nullptr ? visit_suspended(*me.state, visit, arg) : 0;
}

int greenlet_clear(PyObject* self) {
    GreenletObject& me = *cast(self);
    for (PyObject** each : {&me.dict, &me.run, &me.args, &me.kwargs, &me.context, &me.value, &me.error, &me.to_raise,
                            &me.links, &me.spawner, &me.reference, &me.tree}) {
        Py_CLEAR(*each);
    }
    return 0;
}

PyObject* error_handler = nullptr;

void report(GreenletObject& me) noexcept {
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    me.seen = true;
    if (const Ref handler = Ref::shared(error_handler)) {
        const Ref done = Ref::taken(PyObject_CallFunctionObjArgs(handler.get(), object(me), me.error, nullptr));
        if (!done) {
            PyErr_WriteUnraisable(handler.get());
        }
    } else {
        set_python_error(me.error);
        PyErr_WriteUnraisable(object(me));
    }
    PyErr_Restore(type, value, traceback);
}

// Kills one that waits without end.
void abandon(GreenletObject& me) noexcept {
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    const Ref exit = Ref::taken(PyObject_CallNoArgs(errors.greenlet_exit));
    me.abandoned = exit && kill(me, exit.get());
    if (!me.abandoned) {  // it stays
        PyErr_WriteUnraisable(object(me));
    }
    PyErr_Restore(type, value, traceback);
}

// An error that nobody can ask for any more is reported.
void greenlet_finalize(PyObject* self) {
    GreenletObject& me = *cast(self);
    if (me.state != nullptr && me.state->awaiting != nullptr && PyObject_GC_IsFinalized(self) != 0 &&
        me.state->awaiting->lasts()) {
        abandon(me);
    }
    if (me.error != nullptr && !me.seen) {
        report(me);
    }
}

void greenlet_dealloc(PyObject* self) {
    if (cast(self)->error != nullptr && PyObject_CallFinalizerFromDealloc(self) != 0) {  // else it has nothing to do
        return;
    }
    PyTypeObject* const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (cast(self)->weakrefs != nullptr) {
        PyObject_ClearWeakRefs(self);
    }
    greenlet_clear(self);
    cast(self)->handle.~AnyGreenlet();
    cast(self)->done.~Event();
    cast(self)->waits.~Waits();
    cast(self)->living.~Living();
    type->tp_free(self);
    Py_DECREF(type);
}

int greenlet_bool(PyObject* self) {
    return static_cast<int>(cast(self)->main || cast(self)->stage == Stage::running);
}

PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(GreenletObject, weakrefs), READONLY, nullptr},
                         {"__dictoffset__", T_PYSSIZET, offsetof(GreenletObject, dict), READONLY, nullptr},
                         {nullptr, 0, 0, 0, nullptr}};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>("Greenlet(run, *args, **kwargs)\n--\n\nA green thread that runs a function. It "
                                  "begins after start(). A subclass may have a method _run instead.")},
    {Py_tp_new, as_slot(&greenlet_new)},
    {Py_tp_init, as_slot(&greenlet_init)},
    {Py_tp_dealloc, as_slot(&greenlet_dealloc)},
    {Py_tp_finalize, as_slot(&greenlet_finalize)},
    {Py_tp_traverse, as_slot(&greenlet_traverse)},
    {Py_tp_clear, as_slot(&greenlet_clear)},
    {Py_tp_methods, greenlet_methods},
    {Py_tp_getset, greenlet_properties},
    {Py_tp_members, members},
    {Py_tp_repr, as_slot(&greenlet_repr)},
    {Py_nb_bool, as_slot(&greenlet_bool)},
    {0, nullptr}};
PyType_Spec spec = {"tendril.Greenlet", sizeof(GreenletObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots};

// The one that stands for a green thread which is not ours: made when asked for.
GreenletObject* foreign_greenlet(State& state) noexcept {
    PyObject* const self = reinterpret_cast<PyObject*>(make_greenlet(greenlet_type));
    if (self == nullptr || !guarded([&] {
            have_hub();
            cast(self)->handle = current();
        })) {
        Py_XDECREF(self);
        return nullptr;
    }
    cast(self)->id = cast(self)->handle.id();
    cast(self)->owner = detail::here::owner();
    cast(self)->main = true;
    cast(self)->stage = Stage::running;
    state.greenlet = cast(self);
    return state.greenlet;
}

thread_local GreenletObject* main_one [[gnu::tls_model("initial-exec")]] = nullptr;  // see main_greenlet()

}  // namespace

detail::List<Living>& living_greenlets() noexcept {
    static thread_local detail::List<Living> all;
    return all;
}

Ref set_error_handler(Ref handler) noexcept {
    return Ref::taken(std::exchange(error_handler, handler.release()));
}

GreenletObject* main_greenlet() noexcept {
    return main_one;
}

void set_main_greenlet(GreenletObject* greenlet) noexcept {
    Py_XINCREF(reinterpret_cast<PyObject*>(greenlet));
    PyObject* const before = reinterpret_cast<PyObject*>(std::exchange(main_one, greenlet));
    Py_XDECREF(before);
}

void raise_in_main(PyObject* error) noexcept {
    if (main_one != nullptr && !kill(*main_one, error)) {
        PyErr_Clear();
    }
}

void end_in_child(GreenletObject& greenlet) noexcept {
    if (greenlet.state != nullptr) {
        cancel_alarms(*greenlet.state);
        if (greenlet.state->awaiting != nullptr) {
            greenlet.state->awaiting->forget();
        }
    }
    greenlet.stage = Stage::ended;
    greenlet.state = nullptr;
    greenlet.living.unlink();
    Py_CLEAR(greenlet.links);
    greenlet.value = PyObject_CallNoArgs(errors.greenlet_exit);
    if (greenlet.value == nullptr) {
        PyErr_Clear();
    }
}

bool check_owner(GreenletObject& greenlet) noexcept {
    return greenlet.owner == 0 || greenlet.owner == detail::OsThread::current_serial() ||
           guarded([&] { detail::here::require_owner("this Greenlet", greenlet.owner); });
}

bool is_of_here(const GreenletObject& greenlet) noexcept {
    return greenlet.owner != 0 && greenlet.owner == detail::OsThread::current_serial();
}

bool may_become_garbage(GreenletObject& greenlet) noexcept {
    return greenlet.stage == Stage::running && greenlet.to_raise == nullptr &&
           Py_TYPE(object(greenlet))->tp_finalize == &greenlet_finalize &&
           PyObject_GC_IsFinalized(object(greenlet)) == 0;
}

GreenletObject* current_greenlet() noexcept {
    State* const here = State::here();
    if (here == nullptr || here->greenlet != nullptr) [[likely]] {
        return here != nullptr ? here->greenlet : nullptr;
    }
    return foreign_greenlet(*here);
}

GreenletObject* make_greenlet(PyTypeObject* type) noexcept {
    PyObject* const self = type->tp_alloc(type, 0);
    if (self != nullptr) {
        new (&cast(self)->handle) AnyGreenlet();
        new (&cast(self)->done) Event();
        new (&cast(self)->waits) Waits();
        new (&cast(self)->living) Living();
    }
    return cast(self);
}

bool set_run(GreenletObject& greenlet, PyObject* run, Ref args, Ref kwargs) noexcept {
    if (PyCallable_Check(run) == 0) {
        PyErr_Format(PyExc_TypeError, "a green thread needs something to call; this is %R", run);
        return false;
    }
    Py_XSETREF(greenlet.run, Py_NewRef(run));
    Py_XSETREF(greenlet.args, args.release());
    Py_XSETREF(greenlet.kwargs, kwargs.release());
    return true;
}

GreenletObject* new_greenlet(PyObject* run, Ref args, Ref kwargs) noexcept {
    GreenletObject* const greenlet = make_greenlet(greenlet_type);
    if (greenlet != nullptr && !set_run(*greenlet, run, std::move(args), std::move(kwargs))) {
        Py_DECREF(object(*greenlet));
        return nullptr;
    }
    return greenlet;
}

int await_end(GreenletObject& greenlet, Deadline deadline, const Call& call) noexcept {
    if (greenlet.stage == Stage::ended) {
        return 1;
    }
    if (!check_owner(greenlet)) {
        return -1;
    }
    if (current_greenlet() == &greenlet) {
        PyErr_SetString(PyExc_RuntimeError, "a green thread cannot wait for its own end");
        return -1;
    }
    bool ended = false;
    return greenlet.waits.wait(site_of(object(greenlet), call), deadline, [&] { ended = greenlet.done.wait(deadline); })
               ? static_cast<int>(ended)
               : -1;
}

PyObject* result_of(GreenletObject& greenlet) noexcept {
    if (greenlet.error != nullptr) {
        greenlet.seen = true;
        set_python_error(greenlet.error);
        return nullptr;
    }
    return Py_NewRef(greenlet.value);
}

void notify(GreenletObject& greenlet) noexcept {
    static_cast<void>(guarded([&] { greenlet.done.set(); }));
    if (greenlet.links == nullptr || PyList_GET_SIZE(greenlet.links) == 0) [[likely]] {
        return;
    }
    if (greenlet.shape != nullptr) {
        greenlet.shape->call_links(greenlet);
    } else if (!call_soon(object(greenlet), nullptr, &call_links)) {
        PyErr_WriteUnraisable(object(greenlet));
    }
}

bool start(GreenletObject& greenlet, const Deadline* delay) noexcept {
    return begin_later(greenlet, delay);
}

Ref take_kill(GreenletObject& greenlet) noexcept {
    return Ref::taken(std::exchange(greenlet.to_raise, nullptr));
}

bool kill(GreenletObject& greenlet, PyObject* error) noexcept {
    if (greenlet.stage == Stage::ended) {
        return true;
    }
    if (greenlet.stage == Stage::made) {  // never to begin
        greenlet.stage = Stage::ended;
        set_python_error(error);
        fail(greenlet);
        end(greenlet);
        return true;
    }
    if (!check_owner(greenlet)) {
        return false;
    }
    if (current_greenlet() == &greenlet) {
        set_python_error(error);
        return false;
    }
    if (greenlet.to_raise != nullptr) {
        return true;  // as with kill() of C++: the first one counts
    }
    greenlet.to_raise = Py_NewRef(error);
    return guarded([&] { greenlet.handle.kill_nowait(std::make_exception_ptr(Raise())); });
}

int add_greenlet(PyObject* module) noexcept {
    greenlet_type = add_type(module, spec);
    if (greenlet_type == nullptr) {
        return -1;
    }
    GreenletObject* const main = current_greenlet();
    if (main == nullptr) {
        return -1;
    }
    set_main_greenlet(main);
    return 0;
}

}  // namespace tendril::python
