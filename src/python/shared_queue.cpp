// SPDX-License-Identifier: MIT

#include "python/shared_queue.hpp"

#include <memory>
#include <optional>

#include <tendril/shared_queue.hpp>

#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/item_calls.hpp"
#include "python/object.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

struct SharedQueueBody {
    std::optional<SharedQueue<Ref>> queue{std::in_place};

    static int traverse(visitproc /*visit*/, void* /*arg*/) noexcept { return 0; }  // its items count as in use
    void clear() noexcept {}
};

SharedQueue<Ref>& cast(PyObject* self) noexcept {
    return *body_of<SharedQueueBody>(self).queue;
}

int queue_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"maxsize", nullptr};
    PyObject* maxsize = Py_None;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|O:SharedQueue", const_cast<char**>(names), &maxsize) == 0) {
        return -1;
    }
    const Py_ssize_t size = maxsize == Py_None ? 0 : PyNumber_AsSsize_t(maxsize, PyExc_OverflowError);
    if (size == -1 && PyErr_Occurred() != nullptr) {
        return -1;
    }
    if (cast(self).getting() != 0 || !cast(self).empty()) {
        PyErr_SetString(PyExc_RuntimeError, "this queue is in use already");
        return -1;
    }
    return size <= 0 || guarded([&] { body_of<SharedQueueBody>(self).queue.emplace(Size(size)); }) ? 0 : -1;
}

struct Of {
    static bool put(const CallSite& site, PyObject* given, bool block, PyObject* timeout) noexcept {
        PyObject* const self = site.self;
        Ref item = Ref::shared(given);
        bool put = false;
        if (!guarded([&] {
                if (block) {
                    put = cast(self).try_put(std::move(item));
                } else {
                    cast(self).put_nowait(std::move(item));
                    put = true;
                }
            })) {
            return false;
        }
        Deadline deadline;
        return put || (deadline_from(timeout, deadline) && waiting([&] { cast(self).put(std::move(item), deadline); }));
    }
    static PyObject* get(const CallSite& site, bool block, PyObject* timeout) noexcept {
        return get_from(cast(site.self), block, timeout, [](const Deadline&, auto&& f) { return waiting(f); });
    }
};
using Calls = ItemCalls<Of>;

PyObject* queue_size(PyObject* self, PyObject* /*unused*/) {
    return PyLong_FromSize_t(cast(self).size());
}

PyObject* queue_shutdown(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"immediate"};
    PyObject* value[1] = {};
    bool immediate = false;
    if (!read_arguments("shutdown", names, 0, {args, n, keywords}, value) || !truth_from(value[0], immediate) ||
        !guarded([&] { cast(self).shutdown(immediate); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"put", as_method(&Calls::put), METH_FASTCALL | METH_KEYWORDS,
     "put(item, block=True, timeout=None)\n--\n\nWaits for room, while other green threads run, and puts it in. "
     "Raises queue.Full if it does not block and there is none, or if the timeout came first; ShutDown."},
    {"put_nowait", &Calls::put_nowait, METH_O, "put_nowait(item)\n--\n\nput() that does not wait."},
    {"get", as_method(&Calls::get), METH_FASTCALL | METH_KEYWORDS,
     "get(block=True, timeout=None)\n--\n\nWaits for an item, while other green threads run, and takes it. Raises "
     "queue.Empty if it does not block and there is none, or if the timeout came first; ShutDown."},
    {"get_nowait", &Calls::get_nowait, METH_NOARGS, "get_nowait()\n--\n\nget() that does not wait."},
    {"qsize", &queue_size, METH_NOARGS, "qsize()\n--\n\nHow many items it held a moment ago."},
    {"shutdown", as_method(&queue_shutdown), METH_FASTCALL | METH_KEYWORDS,
     "shutdown(immediate=False)\n--\n\nNo more puts: they raise ShutDown, also those that wait; and get() once it is "
     "empty. immediate: what it holds is dropped."},
    {"__class_getitem__", &Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

int add_shared_queue(PyObject* module) noexcept {
    const TypeText text{
        "tendril.SharedQueue",
        "SharedQueue(maxsize=None)\n--\n\nA Queue between OS threads: each may put and get, in its green "
        "threads or without any. Iteration ends at an item that is StopIteration, or after shutdown().",
        methods, nullptr};
    return add_object_type<SharedQueueBody>(module, text,
                                            {{Py_tp_init, as_slot(&queue_init)},
                                             {Py_tp_iter, as_slot(&PyObject_SelfIter)},
                                             {Py_tp_iternext, as_slot(&Calls::next)}}) == nullptr
               ? -1
               : 0;
}

}  // namespace tendril::python
