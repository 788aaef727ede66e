// SPDX-License-Identifier: MIT

#include "python/channel.hpp"

#include <tendril/channel.hpp>

#include "python/arguments.hpp"
#include "python/awaiting.hpp"
#include "python/error.hpp"
#include "python/item_calls.hpp"
#include "python/object.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

struct ChannelBody {
    Channel<Ref> channel;  // holds nothing
    Waits waits;

    int traverse(visitproc visit, void* arg) const noexcept { return waits.traverse(visit, arg); }
    void clear() noexcept {}
};

Channel<Ref>& cast(PyObject* self) noexcept {
    return body_of<ChannelBody>(self).channel;
}

struct Of {
    // Neither moves references while the GIL is given up other than from one place to another.
    static bool put(const CallSite& site, PyObject* given, bool block, PyObject* timeout) noexcept {
        ChannelBody& me = body_of<ChannelBody>(site.self);
        Ref item = Ref::shared(given);
        if (!block) {
            return guarded([&] { me.channel.put_nowait(std::move(item)); });
        }
        Deadline deadline;
        return deadline_from(timeout, deadline) &&
               me.waits.wait(site, deadline, [&] { me.channel.put(std::move(item), deadline); });
    }
    static PyObject* get(const CallSite& site, bool block, PyObject* timeout) noexcept {
        ChannelBody& me = body_of<ChannelBody>(site.self);
        return get_from(me.channel, block, timeout,
                        [&](const Deadline& deadline, auto&& f) { return me.waits.wait(site, deadline, f); });
    }
};
using Calls = ItemCalls<Of>;

PyObject* channel_shutdown(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"immediate"};
    PyObject* value[1] = {};
    if (!read_arguments("shutdown", names, 0, {args, n, keywords}, value) || !guarded([&] { cast(self).shutdown(); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* channel_qsize(PyObject* /*self*/, PyObject* /*unused*/) {
    return PyLong_FromLong(0);
}

PyObject* channel_true(PyObject* /*self*/, PyObject* /*unused*/) {
    Py_RETURN_TRUE;
}

PyObject* channel_putting(PyObject* self, PyObject* /*unused*/) {
    return PyLong_FromSize_t(cast(self).putting());
}

PyObject* channel_getting(PyObject* self, PyObject* /*unused*/) {
    return PyLong_FromSize_t(cast(self).getting());
}

PyObject* get_shut_down(PyObject* self, void* /*unused*/) {
    return PyBool_FromLong(static_cast<long>(cast(self).is_shut_down()));
}

PyObject* get_maxsize(PyObject* /*self*/, void* /*unused*/) {
    return PyLong_FromLong(0);
}

PyMethodDef methods[] = {
    {"put", as_method(&Calls::put), METH_FASTCALL | METH_KEYWORDS,
     "put(item, block=True, timeout=None)\n--\n\nWaits until a getter has taken the item. Raises queue.Full if it does "
     "not block and none waits, or if the timeout came first; ShutDown."},
    {"put_nowait", &Calls::put_nowait, METH_O, "put_nowait(item)\n--\n\nput() that does not wait."},
    {"get", as_method(&Calls::get), METH_FASTCALL | METH_KEYWORDS,
     "get(block=True, timeout=None)\n--\n\nWaits for an item. Raises queue.Empty if it does not block and no putter "
     "waits, or if the timeout came first; ShutDown."},
    {"get_nowait", &Calls::get_nowait, METH_NOARGS, "get_nowait()\n--\n\nget() that does not wait."},
    {"shutdown", as_method(&channel_shutdown), METH_FASTCALL | METH_KEYWORDS,
     "shutdown(immediate=False)\n--\n\nAll that wait, and every later call, get ShutDown."},
    {"qsize", &channel_qsize, METH_NOARGS, "qsize()\n--\n\n0: it holds nothing."},
    {"empty", &channel_true, METH_NOARGS, "empty()\n--\n\nTrue."},
    {"full", &channel_true, METH_NOARGS, "full()\n--\n\nTrue."},
    {"putting", &channel_putting, METH_NOARGS, "putting()\n--\n\nHow many green threads wait to put."},
    {"getting", &channel_getting, METH_NOARGS, "getting()\n--\n\nHow many green threads wait to get."},
    {"__class_getitem__", &Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {{"maxsize", &get_maxsize, nullptr, "0.", nullptr},
                            {"is_shut_down", &get_shut_down, nullptr, "Whether shutdown() was called.", nullptr},
                            {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

int add_channel(PyObject* module) noexcept {
    const TypeText text{"tendril.Channel",
                        "Channel()\n--\n\nA rendezvous: put() returns when a getter has the item, and it holds nothing "
                        "in between. A getter that waits goes on before the putter that serves it.",
                        methods, properties};
    return add_object_type<ChannelBody>(
               module, text, {{Py_tp_iter, as_slot(&PyObject_SelfIter)}, {Py_tp_iternext, as_slot(&Calls::next)}}) ==
                   nullptr
               ? -1
               : 0;
}

}  // namespace tendril::python
