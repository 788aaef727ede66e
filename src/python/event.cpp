// SPDX-License-Identifier: MIT

#include "python/event.hpp"

#include <tendril/event.hpp>

#include "python/arguments.hpp"
#include "python/awaiting.hpp"
#include "python/error.hpp"
#include "python/links.hpp"
#include "python/object.hpp"
#include "python/timeout.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

struct EventBody {
    Event event;
    Links links;
    Waits waits;

    int traverse(visitproc visit, void* arg) const noexcept {
        const int stop = waits.traverse(visit, arg);
        return stop != 0 ? stop : links.traverse(visit, arg);
    }
    void clear() noexcept { links.clear(); }
};

EventBody& cast(PyObject* self) noexcept {
    return body_of<EventBody>(self);
}

PyObject* event_set(PyObject* self, PyObject* /*unused*/) {
    if (!guarded([&] { cast(self).event.set(); })) {
        return nullptr;
    }
    cast(self).links.notify(self);
    Py_RETURN_NONE;
}

PyObject* event_clear(PyObject* self, PyObject* /*unused*/) {
    if (!guarded([&] { cast(self).event.clear(); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* event_is_set(PyObject* self, PyObject* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(cast(self).event.is_set()));
}

PyObject* wait(PyObject* self, const CallSite& site, PyObject* timeout) noexcept {
    bool set = cast(self).event.is_set();
    Deadline deadline;
    if (!set && (!deadline_from(timeout, deadline) ||
                 !cast(self).waits.wait(site, deadline, [&] { set = cast(self).event.wait(deadline); }))) {
        return nullptr;
    }
    return PyBool_FromLong(static_cast<long>(set));
}

PyObject* event_wait(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"timeout"};
    PyObject* limit[1] = {};
    const CallSite site = site_of(self, {args, n, keywords});
    if ((n != 0 || keywords != nullptr) && !read_arguments("wait", names, 0, {args, n, keywords}, limit)) {
        return nullptr;
    }
    return within(limit[0], [&](PyObject* timeout) { return wait(self, site, timeout); });
}

PyObject* event_link(PyObject* self, PyObject* callable) {
    if (!cast(self).links.add(callable)) {
        return nullptr;
    }
    if (cast(self).event.is_set()) {
        cast(self).links.notify(self);
    }
    Py_RETURN_NONE;
}

PyObject* event_unlink(PyObject* self, PyObject* callable) {
    if (!cast(self).links.remove(callable)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* event_repr(PyObject* self) {
    const Ref name = Ref::taken(PyType_GetName(Py_TYPE(self)));
    return name ? PyUnicode_FromFormat("<%U at %p %s>", name.get(), self, cast(self).event.is_set() ? "set" : "clear")
                : nullptr;
}

PyMethodDef methods[] = {
    {"set", &event_set, METH_NOARGS, "set()\n--\n\nWakes all that wait, in the order of their coming. Never waits."},
    {"clear", &event_clear, METH_NOARGS, "clear()\n--\n\nLater calls of wait() wait again."},
    {"is_set", &event_is_set, METH_NOARGS, "is_set()\n--\n\nWhether it is set."},
    {"ready", &event_is_set, METH_NOARGS, "ready()\n--\n\nWhether it is set."},
    {"wait", as_method(&event_wait), METH_FASTCALL | METH_KEYWORDS,
     "wait(timeout=None)\n--\n\nWaits until it is set. Returns True; False if the timeout came first."},
    {"link", &event_link, METH_O,
     "link(callable)\n--\n\nCalls callable(self) once, when it is set or is set already, in another green thread."},
    {"rawlink", &event_link, METH_O, "rawlink(callable)\n--\n\nAs link()."},
    {"unlink", &event_unlink, METH_O, "unlink(callable)\n--\n\nTakes a link back."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

int add_event(PyObject* module) noexcept {
    const TypeText text{"tendril.Event",
                        "Event()\n--\n\nA flag that green threads wait for. It stays set until clear().", methods,
                        nullptr};
    return add_object_type<EventBody>(module, text, {{Py_tp_repr, as_slot(&event_repr)}}) == nullptr ? -1 : 0;
}

}  // namespace tendril::python
