// SPDX-License-Identifier: MIT
//
// The module tendril._tendril, which the package python/tendril wraps.

#include "python/alarm.hpp"
#include "python/async_result.hpp"
#include "python/channel.hpp"
#include "python/error.hpp"
#include "python/event.hpp"
#include "python/exit.hpp"
#include "python/functions.hpp"
#include "python/greenlet.hpp"
#include "python/hub.hpp"
#include "python/lock.hpp"
#include "python/patching.hpp"
#include "python/python.hpp"
#include "python/queue.hpp"
#include "python/raw_greenlet.hpp"
#include "python/semaphore.hpp"
#include "python/shape.hpp"
#include "python/shared_event.hpp"
#include "python/shared_queue.hpp"
#include "python/shared_semaphore.hpp"
#include "python/signals.hpp"
#include "python/stack_chunks.hpp"
#include "python/stack_depth.hpp"
#include "python/state.hpp"
#include "python/thread_pool.hpp"
#include "python/timeout.hpp"
#include "python/wsgi_server.hpp"

namespace tendril::python {

PyTypeObject* add_type(PyObject* module, PyType_Spec& spec, PyTypeObject* base) noexcept {
    PyObject* const type = PyType_FromModuleAndSpec(module, &spec, reinterpret_cast<PyObject*>(base));
    if (type == nullptr || PyModule_AddType(module, reinterpret_cast<PyTypeObject*>(type)) != 0) {
        Py_XDECREF(type);
        return nullptr;
    }
    return reinterpret_cast<PyTypeObject*>(type);  // the one reference that is kept for good
}

namespace {

PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "tendril._tendril",
                          "Green threads: the part in C++.",
                          -1,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

PyObject* make_module() noexcept {
    Ref module = Ref::taken(PyModule_Create(&definition));
    if (!module || !guarded([] { have_hub(); })) {
        return nullptr;
    }
    prepare_depths();
    for (auto* add : {&add_errors,
                      &add_greenlet,
                      &add_alarm,
                      &add_functions,
                      &add_event,
                      &add_async_result,
                      &add_semaphore,
                      &add_gevent_greenlet,
                      &add_eventlet_greenlet,
                      &add_gevent_loop,
                      &add_timeout,
                      &add_queue,
                      &add_lock,
                      &add_condition,
                      &add_channel,
                      &add_raw_greenlet,
                      &add_patching,
                      &add_wsgi,
                      &add_thread_pool,
                      &add_shared_event,
                      &add_shared_queue,
                      &add_shared_semaphore}) {
        if ((*add)(module.get()) != 0) {
            return nullptr;
        }
    }
    keep_stack_chunks();
    if (add_exit(module.get()) != 0 || add_hub(module.get()) != 0 || !watch_signals()) {
        return nullptr;
    }
    return module.release();
}

}  // namespace

}  // namespace tendril::python

// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): CPython looks for this name
PyMODINIT_FUNC PyInit__tendril() {
    return tendril::python::make_module();
}
