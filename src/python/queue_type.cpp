// SPDX-License-Identifier: MIT

#include <tendril/detail/sync/wait_queue.hpp>

#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/item_calls.hpp"
#include "python/object.hpp"
#include "python/queue.hpp"
#include "python/queue_calls.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

using detail::Outcome;
using Did = QueueBody::Did;

PyTypeObject* lifo_type = nullptr;
PyTypeObject* priority_type = nullptr;

QueueBody& cast(PyObject* self) noexcept {
    return body_of<QueueBody>(self);
}

// Reads a size; None, 0 and less: unbounded.
bool capacity_from(PyObject* maxsize, std::size_t& capacity) noexcept {
    capacity = SIZE_MAX;
    if (maxsize == nullptr || maxsize == Py_None) {
        return true;
    }
    const Py_ssize_t size = PyNumber_AsSsize_t(maxsize, PyExc_OverflowError);
    if (size == -1 && PyErr_Occurred() != nullptr) {
        return false;
    }
    if (size > 0) {
        capacity = static_cast<std::size_t>(size);
    }
    return true;
}

bool begin_with(QueueBody& queue, PyObject* items) noexcept {
    const Ref iterator = Ref::taken(PyObject_GetIter(items));
    if (!iterator) {
        return false;
    }
    const std::size_t capacity = std::exchange(queue.capacity, SIZE_MAX);
    bool failed = false;
    while (!failed) {
        const Ref item = Ref::taken(PyIter_Next(iterator.get()));
        if (!item) {
            break;
        }
        failed = queue.offer(item.get()) != Did::yes;
    }
    queue.capacity = capacity;
    return !failed && PyErr_Occurred() == nullptr;
}

int queue_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"maxsize", "items", "unfinished_tasks", nullptr};
    PyObject* maxsize = nullptr;
    PyObject* items = nullptr;
    PyObject* unfinished = nullptr;
    QueueBody& me = cast(self);
    std::size_t capacity = 0;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|OOO:Queue", const_cast<char**>(names), &maxsize, &items,
                                    &unfinished) == 0 ||
        !capacity_from(maxsize, capacity)) {
        return -1;
    }
    if (me.size() != 0 || me.getters.size() != 0) {
        PyErr_SetString(PyExc_RuntimeError, "this queue is in use already");
        return -1;
    }
    me.capacity = capacity;
    me.order = PyType_IsSubtype(Py_TYPE(self), lifo_type) != 0       ? QueueBody::Order::lifo
               : PyType_IsSubtype(Py_TYPE(self), priority_type) != 0 ? QueueBody::Order::priority
                                                                     : QueueBody::Order::fifo;
    if (items != nullptr && items != Py_None && !begin_with(me, items)) {
        return -1;
    }
    if (unfinished != nullptr && unfinished != Py_None) {
        const std::size_t tasks = PyLong_AsSize_t(unfinished);
        if (tasks == static_cast<std::size_t>(-1) && PyErr_Occurred() != nullptr) {
            return -1;
        }
        if (tasks < me.size()) {
            PyErr_Format(PyExc_ValueError, "a queue with %zu first items cannot have fewer unfinished tasks: %zu",
                         me.size(), tasks);
            return -1;
        }
        me.unfinished = tasks;
    }
    return 0;
}

// ---- Its methods

struct Of {
    static bool put(const CallSite& site, PyObject* item, bool block, PyObject* timeout) noexcept {
        return python::put(site, item, Limit(block, timeout));
    }
    static PyObject* get(const CallSite& site, bool block, PyObject* timeout) noexcept {
        return python::get(site, Limit(block, timeout));
    }
};
using Calls = ItemCalls<Of>;

PyObject* queue_peek(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    bool block = true;
    PyObject* limit = nullptr;
    if (!read_limit("peek", {args, n, keywords}, block, limit)) {
        return nullptr;
    }
    const CallSite site = site_of(self, {args, n, keywords});
    return within(limit, [&](PyObject* timeout) { return peek(site, Limit(block, timeout)); });
}

PyObject* queue_peek_nowait(PyObject* self, PyObject* /*unused*/) {
    return peek(step_of(self), Limit(false, nullptr));
}

PyObject* queue_size(PyObject* self, PyObject* /*unused*/) {
    return PyLong_FromSize_t(cast(self).size());
}

PyObject* queue_empty(PyObject* self, PyObject* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(cast(self).size() == 0));
}

PyObject* queue_full(PyObject* self, PyObject* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(cast(self).full()));
}

PyObject* queue_putting(PyObject* self, PyObject* /*unused*/) {
    return PyLong_FromSize_t(cast(self).putters.size());
}

PyObject* queue_getting(PyObject* self, PyObject* /*unused*/) {
    return PyLong_FromSize_t(cast(self).getters.size());
}

PyObject* queue_resize(PyObject* self, PyObject* maxsize) {
    std::size_t capacity = 0;
    if (!check_thread(cast(self)) || !capacity_from(maxsize, capacity)) {
        return nullptr;
    }
    cast(self).capacity = capacity;
    cast(self).refill();
    Py_RETURN_NONE;
}

PyObject* queue_task_done(PyObject* self, PyObject* /*unused*/) {
    if (!check_thread(cast(self))) {
        return nullptr;
    }
    if (cast(self).unfinished == 0) {
        PyErr_SetString(PyExc_ValueError, "task_done() was called more often than items were put");
        return nullptr;
    }
    cast(self).done(1, Outcome::signalled);
    Py_RETURN_NONE;
}

PyObject* join(const CallSite& site, PyObject* timeout) noexcept {
    QueueBody& queue = cast(site.self);
    Deadline deadline;
    if (!deadline_from(timeout, deadline)) {
        return nullptr;
    }
    while (queue.unfinished != 0) {
        Outcome outcome = Outcome::waiting;
        if (!queue.waits.wait(site, deadline, [&] {  // others may have run: see put()
                outcome =
                    queue.unfinished != 0 ? queue.joiners.wait("Queue::join", nullptr, deadline) : Outcome::signalled;
            })) {
            return nullptr;
        }
        if (outcome == Outcome::timed_out) {
            Py_RETURN_FALSE;
        }
        if (refused(outcome, nullptr)) {
            return nullptr;
        }
    }
    Py_RETURN_TRUE;
}

PyObject* queue_join(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"timeout"};
    PyObject* limit[1] = {};
    if (!check_thread(cast(self)) || !read_arguments("join", names, 0, {args, n, keywords}, limit)) {
        return nullptr;
    }
    const CallSite site = site_of(self, {args, n, keywords});
    return within(limit[0], [&](PyObject* timeout) { return join(site, timeout); });
}

PyObject* queue_shutdown(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"immediate"};
    PyObject* value[1] = {};
    bool immediate = false;
    if (!check_thread(cast(self)) || !read_arguments("shutdown", names, 0, {args, n, keywords}, value) ||
        !truth_from(value[0], immediate)) {
        return nullptr;
    }
    cast(self).shut_down(immediate);
    Py_RETURN_NONE;
}

PyObject* get_maxsize(PyObject* self, void* /*unused*/) {
    const std::size_t capacity = cast(self).capacity;
    return capacity == SIZE_MAX ? Py_NewRef(Py_None) : PyLong_FromSize_t(capacity);
}

PyObject* get_unfinished(PyObject* self, void* /*unused*/) {
    return PyLong_FromUnsignedLongLong(cast(self).unfinished);
}

PyObject* get_shut_down(PyObject* self, void* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(cast(self).closed));
}

Py_ssize_t queue_length(PyObject* self) {
    return static_cast<Py_ssize_t>(cast(self).size());
}

int queue_bool(PyObject* /*self*/) {
    return 1;
}

PyObject* queue_repr(PyObject* self) {
    return describe(self, "size=", cast(self).size());
}

PyMethodDef methods[] = {
    {"put", as_method(&Calls::put), METH_FASTCALL | METH_KEYWORDS,
     "put(item, block=True, timeout=None)\n--\n\nPuts an item in, waiting for room. Raises queue.Full if it does not "
     "block and there is none, or if the timeout came first; ShutDown."},
    {"put_nowait", &Calls::put_nowait, METH_O, "put_nowait(item)\n--\n\nput() that does not wait."},
    {"get", as_method(&Calls::get), METH_FASTCALL | METH_KEYWORDS,
     "get(block=True, timeout=None)\n--\n\nWaits for an item and takes it. Raises queue.Empty if it does not block and "
     "there is none, or if the timeout came first; ShutDown if it was shut down and is empty."},
    {"get_nowait", &Calls::get_nowait, METH_NOARGS, "get_nowait()\n--\n\nget() that does not wait."},
    {"peek", as_method(&queue_peek), METH_FASTCALL | METH_KEYWORDS,
     "peek(block=True, timeout=None)\n--\n\nAs get(), leaving the item there."},
    {"peek_nowait", &queue_peek_nowait, METH_NOARGS, "peek_nowait()\n--\n\npeek() that does not wait."},
    {"qsize", &queue_size, METH_NOARGS, "qsize()\n--\n\nHow many items it holds."},
    {"empty", &queue_empty, METH_NOARGS, "empty()\n--\n\nWhether get() would wait."},
    {"full", &queue_full, METH_NOARGS, "full()\n--\n\nWhether put() would wait."},
    {"putting", &queue_putting, METH_NOARGS, "putting()\n--\n\nHow many green threads wait to put."},
    {"getting", &queue_getting, METH_NOARGS, "getting()\n--\n\nHow many green threads wait to get."},
    {"resize", &queue_resize, METH_O,
     "resize(maxsize)\n--\n\nGrowing lets in those that wait to put; shrinking drops nothing. None: without limit."},
    {"task_done", &queue_task_done, METH_NOARGS,
     "task_done()\n--\n\nSays that an item which get() gave is dealt with. ValueError for one too many."},
    {"join", as_method(&queue_join), METH_FASTCALL | METH_KEYWORDS,
     "join(timeout=None)\n--\n\nWaits until task_done() was called for every item that was put. Returns whether that "
     "was in time."},
    {"shutdown", as_method(&queue_shutdown), METH_FASTCALL | METH_KEYWORDS,
     "shutdown(immediate=False)\n--\n\nNo more puts: they raise ShutDown, also those that wait; and get() once it is "
     "empty. immediate: what it holds is dropped."},
    {"__class_getitem__", &Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {
    {"maxsize", &get_maxsize, nullptr, "How many items it holds before put() waits; None: without limit.", nullptr},
    {"unfinished_tasks", &get_unfinished, nullptr, "How many items were put and are not dealt with.", nullptr},
    {"is_shut_down", &get_shut_down, nullptr, "Whether shutdown() was called.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

int add_queue(PyObject* module) noexcept {
    const TypeText text{"tendril.Queue",
                        "Queue(maxsize=None, items=(), unfinished_tasks=None)\n--\n\nFirst in, first out. put() waits "
                        "while it holds maxsize items; None and 0: never. Those that wait are served in the order of "
                        "their coming. Iteration ends at an item that is StopIteration, or after shutdown().",
                        methods, properties};
    PyTypeObject* const type = add_object_type<QueueBody>(module, text,
                                                          {{Py_tp_init, as_slot(&queue_init)},
                                                           {Py_tp_repr, as_slot(&queue_repr)},
                                                           {Py_tp_iter, as_slot(&PyObject_SelfIter)},
                                                           {Py_tp_iternext, as_slot(&Calls::next)},
                                                           {Py_mp_length, as_slot(&queue_length)},
                                                           {Py_nb_bool, as_slot(&queue_bool)}});
    if (type == nullptr) {
        return -1;
    }
    const auto derive = [&](const char* name, const char* doc) {
        return add_subtype(module, name, type, {{Py_tp_doc, const_cast<char*>(doc)}});
    };
    lifo_type = derive("tendril.LifoQueue", "LifoQueue(maxsize=None, items=())\n--\n\nA Queue: last in, first out.");
    priority_type = lifo_type == nullptr
                        ? nullptr
                        : derive("tendril.PriorityQueue", "PriorityQueue(maxsize=None, items=())\n--\n\nA Queue: the "
                                                          "smallest item first, equal ones in the order of their "
                                                          "coming. What a comparison raises loses no item.");
    return priority_type == nullptr || derive("tendril.JoinableQueue",
                                              "JoinableQueue(maxsize=None, items=(), unfinished_tasks=None)\n--\n\n"
                                              "A Queue; its other name for programs that use join().") == nullptr
               ? -1
               : 0;
}

}  // namespace tendril::python
