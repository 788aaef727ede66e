// SPDX-License-Identifier: MIT
//
// _GeventGreenlet: what gevent.Greenlet (_GeventThread) and those of spawn_raw() (_GeventRaw) have that is called
// often. See shape.hpp.

#include "python/error.hpp"
#include "python/links.hpp"
#include "python/object.hpp"
#include "python/shape.hpp"
#include "python/state.hpp"

namespace tendril::python {

namespace {

using Stage = GreenletObject::Stage;

PyTypeObject* base_type = nullptr;          // _GeventGreenlet
PyTypeObject* exact_type = nullptr;         // _GeventThread
PyObject* own_run = nullptr;                // `_run` of these, instead of which a subclass may have one of its own
PyObject* nothing = nullptr;                // what one runs that has nothing to run
PyTypeObject* spawned_link_type = nullptr;  // gevent.greenlet.SpawnedLink
bool starts_watched = false;                // each start is to be told: see add_spawn_callback()

// ---- Links

// What a link has raised, which is the Python error that is set.
void report(PyObject* self, PyObject* link) noexcept {
    const Ref error = take_python_error();
    const Ref told = Ref::taken(PyObject_CallMethod(self, "_link_failed", "OO", link, error.get()));
    if (!told) {
        PyErr_WriteUnraisable(link);
    }
}

void run_links(PyObject* self, void* /*unused*/) noexcept {
    GreenletObject& me = as_greenlet(self);
    while (me.links != nullptr && PyList_GET_SIZE(me.links) != 0) {
        const Ref link = Ref::shared(PyList_GET_ITEM(me.links, 0));
        if (PyList_SetSlice(me.links, 0, 1, nullptr) != 0) {
            break;
        }
        const bool may_wait = PyList_GET_SIZE(me.links) != 0 && PyObject_TypeCheck(link.get(), spawned_link_type) != 0;
        const bool ready = !may_wait || call_soon(self, nullptr, &run_links);  // goes on, should this one wait
        const Ref result = ready ? Ref::taken(PyObject_CallOneArg(link.get(), self)) : Ref();
        if (!result) {
            report(self, link.get());
        }
    }
    me.notifying = false;
}

void call_links(GreenletObject& me) noexcept {
    if (!me.notifying) {
        me.notifying = call_soon(object(me), nullptr, &run_links);
        if (!me.notifying) {
            PyErr_WriteUnraisable(object(me));
        }
    }
}

constexpr Shape shape{nullptr, &call_links};

bool has_links(const GreenletObject& me) noexcept {
    return me.links != nullptr && PyList_GET_SIZE(me.links) != 0;
}

PyObject* gevent_rawlink(PyObject* self, PyObject* callback) {
    GreenletObject& me = as_greenlet(self);
    if (PyCallable_Check(callback) == 0) {
        PyErr_Format(PyExc_TypeError, "Expected callable: %R", callback);
        return nullptr;
    }
    if (me.links == nullptr) {
        me.links = PyList_New(0);
    }
    if (me.links == nullptr || PyList_Append(me.links, callback) != 0) {
        return nullptr;
    }
    if (me.stage == Stage::ended) {
        call_links(me);
    }
    Py_RETURN_NONE;
}

PyObject* gevent_unlink_all(PyObject* self, PyObject* /*unused*/) {
    Py_CLEAR(as_greenlet(self).links);
    Py_RETURN_NONE;
}

PyObject* gevent_has_links(PyObject* self, PyObject* /*unused*/) {
    PyObject* const links = as_greenlet(self).links;
    return PyLong_FromSsize_t(links != nullptr ? PyList_GET_SIZE(links) : 0);
}

// ---- Making

// The dict that it shares with those that it makes; borrowed; nullptr with an error set.
PyObject* tree_of(GreenletObject& me) noexcept {
    if (me.tree == nullptr) {
        me.tree = PyDict_New();
    }
    return me.tree;
}

bool note_spawner(GreenletObject& me) noexcept {
    GreenletObject* const parent = current_greenlet();
    if (parent == nullptr) {
        return false;
    }
    if (parent->reference == nullptr) {
        parent->reference = PyWeakref_NewRef(object(*parent), nullptr);
    }
    if (parent->reference == nullptr) {
        return false;
    }
    me.spawner = Py_NewRef(parent->reference);
    PyObject* tree = nullptr;
    if (parent->shape == &shape) {
        tree = tree_of(*parent);
        if (tree == nullptr) {
            return false;
        }
    } else if (parent->dict != nullptr) {
        static PyObject* const name = PyUnicode_InternFromString("spawn_tree_locals");
        tree = PyDict_GetItemWithError(parent->dict, name);
    }
    me.tree = Py_XNewRef(tree);
    return true;
}

PyObject* gevent_new(PyTypeObject* type, PyObject* /*args*/, PyObject* /*kwargs*/) {
    Ref made = Ref::taken(reinterpret_cast<PyObject*>(make_greenlet(type)));
    if (!made || !note_spawner(as_greenlet(made.get()))) {
        return nullptr;
    }
    as_greenlet(made.get()).shape = &shape;
    as_greenlet(made.get()).keeps_run = true;
    return made.release();
}

// Takes `run`, the first argument or the one of that name. Returns: false with a Python error set.
bool split(PyObject* args, PyObject* kwargs, Ref& run, Ref& rest, Ref& named) noexcept {
    if (kwargs != nullptr && PyDict_GET_SIZE(kwargs) != 0) {
        named = Ref::taken(PyDict_Copy(kwargs));
        if (!named) {
            return false;
        }
    }
    rest = Ref::taken(PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args)));
    if (PyTuple_GET_SIZE(args) != 0) {
        run = Ref::shared(PyTuple_GET_ITEM(args, 0));
    } else if (named) {
        run = Ref::shared(PyDict_GetItemString(named.get(), "run"));
        if (run && PyDict_DelItemString(named.get(), "run") != 0) {
            return false;
        }
    }
    if (run.get() == Py_None) {
        run = Ref();
    }
    return static_cast<bool>(rest);
}

int gevent_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    GreenletObject& me = as_greenlet(self);
    Ref run;
    Ref rest;
    Ref named;
    if (me.stage != Stage::made) {
        PyErr_SetString(PyExc_RuntimeError, "this Greenlet was started already");
        return -1;
    }
    if (!split(args, kwargs, run, rest, named)) {
        return -1;
    }
    static PyObject* const name = PyUnicode_InternFromString("_run");
    const bool has_method = _PyType_Lookup(Py_TYPE(self), name) != own_run;
    if (has_method && run && PyObject_SetAttr(self, name, run.get()) != 0) {
        return -1;
    }
    if (!run) {
        run = Ref::taken(PyObject_GetAttr(self, name));
    }
    if (!run) {
        return -1;
    }
    if (PyCallable_Check(run.get()) == 0) {
        PyErr_SetString(PyExc_TypeError, "The run argument or self._run must be callable");
        return -1;
    }
    me.keeps_run = !has_method;  // a method would keep its object
    return set_run(me, run.get(), std::move(rest), std::move(named)) ? 0 : -1;
}

PyObject* gevent_spawn(PyObject* kind, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    if (kind == reinterpret_cast<PyObject*>(exact_type) && !starts_watched && n != 0 && args[0] != Py_None) [[likely]] {
        Ref made = Ref::taken(reinterpret_cast<PyObject*>(make_shaped(kind, {args, n, names})));
        return made && start(as_greenlet(made.get()), nullptr) ? made.release() : nullptr;
    }
    Ref made = Ref::taken(PyObject_Vectorcall(kind, args, static_cast<std::size_t>(n), names));
    const Ref started = Ref::taken(made ? PyObject_CallMethod(made.get(), "start", nullptr) : nullptr);
    return started ? made.release() : nullptr;
}

// ---- Waiting for its end

PyObject* gevent_get(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    GreenletObject& me = as_greenlet(self);
    if (n == 0 && names == nullptr && !has_links(me)) [[likely]] {
        return await_end(me, never, {args, n, names}) > 0 ? result_of(me) : nullptr;
    }
    const Ref slowly = Ref::taken(PyObject_GetAttrString(self, "_get"));
    return slowly ? PyObject_Vectorcall(slowly.get(), args, static_cast<std::size_t>(n), names) : nullptr;
}

PyObject* gevent_join(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    GreenletObject& me = as_greenlet(self);
    if (n == 0 && names == nullptr && !has_links(me)) [[likely]] {
        return await_end(me, never, {args, n, names}) > 0 ? Py_NewRef(Py_None) : nullptr;
    }
    const Ref slowly = Ref::taken(PyObject_GetAttrString(self, "_join"));
    return slowly ? PyObject_Vectorcall(slowly.get(), args, static_cast<std::size_t>(n), names) : nullptr;
}

int gevent_bool(PyObject* self) {
    const Stage stage = as_greenlet(self).stage;
    return static_cast<int>(stage == Stage::pending || stage == Stage::running);
}

// ---- Attributes

PyObject* get_run(PyObject* self, void* /*unused*/) {
    PyObject* const run = as_greenlet(self).run;
    return Py_NewRef(run != nullptr ? run : nothing);
}

// What it is called with must not be freed meanwhile: the green thread has no reference of its own to it.
bool check_not_running(PyObject* self) noexcept {
    if (as_greenlet(self).stage == Stage::running) {
        PyErr_SetString(PyExc_AttributeError, "a Greenlet that runs keeps what it was called with");
        return false;
    }
    return true;
}

int put_run(PyObject* self, PyObject* run, void* /*unused*/) {
    if (!check_not_running(self)) {
        return -1;
    }
    Py_XSETREF(as_greenlet(self).run, Py_XNewRef(run));
    return 0;
}

PyObject* get_args(PyObject* self, void* /*unused*/) {
    PyObject* const args = as_greenlet(self).args;
    return args != nullptr ? Py_NewRef(args) : PyTuple_New(0);
}

int put_args(PyObject* self, PyObject* args, void* /*unused*/) {
    Ref tuple = Ref::taken(args != nullptr ? PySequence_Tuple(args) : PyTuple_New(0));
    if (!tuple || !check_not_running(self)) {
        return -1;
    }
    Py_XSETREF(as_greenlet(self).args, tuple.release());
    return 0;
}

PyObject* get_kwargs(PyObject* self, void* /*unused*/) {
    PyObject* const kwargs = as_greenlet(self).kwargs;
    return kwargs != nullptr ? PyDict_Copy(kwargs) : PyDict_New();  // the call has no references of its own
}

int put_kwargs(PyObject* self, PyObject* kwargs, void* /*unused*/) {
    if (kwargs != nullptr && PyDict_Check(kwargs) == 0) {
        PyErr_Format(PyExc_TypeError, "kwargs must be a dict; this is %R", kwargs);
        return -1;
    }
    if (!check_not_running(self)) {
        return -1;
    }
    Py_XSETREF(as_greenlet(self).kwargs, Py_XNewRef(kwargs));
    return 0;
}

PyObject* get_spawner(PyObject* self, void* /*unused*/) {
    PyObject* const spawner = as_greenlet(self).spawner;
    return Py_NewRef(spawner != nullptr ? spawner : Py_None);
}

int put_spawner(PyObject* self, PyObject* spawner, void* /*unused*/) {
    Py_XSETREF(as_greenlet(self).spawner, Py_XNewRef(spawner));
    return 0;
}

PyObject* get_tree(PyObject* self, void* /*unused*/) {
    return Py_XNewRef(tree_of(as_greenlet(self)));
}

int put_tree(PyObject* self, PyObject* tree, void* /*unused*/) {
    Py_XSETREF(as_greenlet(self).tree, Py_XNewRef(tree));
    return 0;
}

PyObject* get_links(PyObject* self, void* /*unused*/) {
    PyObject* const links = as_greenlet(self).links;
    return links != nullptr ? Py_NewRef(links) : PyTuple_New(0);
}

PyObject* get_value(PyObject* self, void* /*unused*/) {
    PyObject* const value = as_greenlet(self).value;
    return Py_NewRef(value != nullptr ? value : Py_None);
}

int put_value(PyObject* /*self*/, PyObject* /*value*/, void* /*unused*/) {
    return 0;  // as gevent: it stays as it is
}

PyMethodDef methods[] = {
    {"spawn", as_method(&gevent_spawn), METH_CLASS | METH_FASTCALL | METH_KEYWORDS,
     "spawn(run, *args, **kwargs)\n--\n\nMakes one and starts it."},
    {"get", as_method(&gevent_get), METH_FASTCALL | METH_KEYWORDS,
     "get(block=True, timeout=None)\n--\n\nWaits for its end. Returns its result or raises what it raised; Timeout if "
     "that takes longer."},
    {"join", as_method(&gevent_join), METH_FASTCALL | METH_KEYWORDS,
     "join(timeout=None)\n--\n\nWaits for its end, at most `timeout` seconds. Returns None: see ready()."},
    {"rawlink", &gevent_rawlink, METH_O, "rawlink(callback)\n--\n\ncallback(self) at its end; it must not wait."},
    {"unlink_all", &gevent_unlink_all, METH_NOARGS, "unlink_all()\n--\n\nTakes all links back."},
    {"has_links", &gevent_has_links, METH_NOARGS, "has_links()\n--\n\nHow many links there are."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {
    {"_run", &get_run, &put_run, "What it runs.", nullptr},
    {"args", &get_args, &put_args, "What it is called with, until it has ended.", nullptr},
    {"kwargs", &get_kwargs, &put_kwargs, "What it is called with by name, until it has ended.", nullptr},
    {"spawning_greenlet", &get_spawner, &put_spawner, "A weak reference to the one that made it.", nullptr},
    {"spawn_tree_locals", &get_tree, &put_tree, "A dictionary that it shares with all that it spawns.", nullptr},
    {"value", &get_value, &put_value, "Its result; None while there is none.", nullptr},
    {"_links", &get_links, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot slots[] = {{Py_tp_new, as_slot(&gevent_new)}, {Py_tp_init, as_slot(&gevent_init)}, {Py_tp_methods, methods},
                       {Py_tp_getset, properties},        {Py_nb_bool, as_slot(&gevent_bool)}, {0, nullptr}};
PyType_Spec spec = {"tendril._tendril._GeventGreenlet", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

PyObject* run_nothing(PyObject* /*self*/, PyObject* /*args*/) {
    Py_RETURN_NONE;
}

PyObject* set_spawned_link(PyObject* /*module*/, PyObject* type) {
    spawned_link_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(type));  // for good
    Py_RETURN_NONE;
}

PyObject* watch_starts(PyObject* /*module*/, PyObject* watched) {
    starts_watched = watched == Py_True;
    Py_RETURN_NONE;
}

}  // namespace

int add_gevent_greenlet(PyObject* module) noexcept {
    static PyMethodDef functions[] = {
        {"_set_spawned_link", &set_spawned_link, METH_O, "The class of the links that may wait."},
        {"_watch_gevent_starts", &watch_starts, METH_O, "True: spawn() calls start() of each."},
        {nullptr, nullptr, 0, nullptr}};
    static PyMethodDef of_nothing = {"_run", &run_nothing, METH_VARARGS, nullptr};
    base_type = add_type(module, spec, greenlet_type);
    if (base_type == nullptr) {
        return -1;
    }
    exact_type = add_subtype(module, "tendril._tendril._GeventThread", base_type, {});
    if (exact_type == nullptr || add_subtype(module, "tendril._tendril._GeventRaw", base_type, {}) == nullptr) {
        return -1;
    }
    own_run = PyDict_GetItemString(base_type->tp_dict, "_run");
    nothing = PyCFunction_New(&of_nothing, nullptr);
    return nothing == nullptr ? -1 : PyModule_AddFunctions(module, functions);
}

}  // namespace tendril::python
