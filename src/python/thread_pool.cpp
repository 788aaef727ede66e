// SPDX-License-Identifier: MIT

#include "python/thread_pool.hpp"

#include <memory>
#include <optional>

#include <tendril/thread_pool.hpp>

#include "hub/here.hpp"
#include "python/arguments.hpp"
#include "python/error.hpp"
#include "python/object.hpp"
#include "python/waiting.hpp"
#include "python/worker.hpp"

namespace tendril::python {

namespace {

// ---- A job

struct JobBody {
    std::optional<AsyncResult<Outcome>> result;

    static int traverse(visitproc /*visit*/, void* /*arg*/) noexcept { return 0; }
    void clear() noexcept {}
};

PyTypeObject* job_type = nullptr;

PyObject* job_get(PyObject* self, PyObject* /*unused*/) {
    JobBody& me = body_of<JobBody>(self);
    if (!me.result) {
        PyErr_SetString(PyExc_RuntimeError, "this job was not submitted");
        return nullptr;
    }
    const Outcome* outcome = nullptr;
    return waiting([&] { outcome = &me.result->get(); }) ? outcome->give() : nullptr;
}

PyObject* job_ready(PyObject* self, PyObject* /*unused*/) {
    const JobBody& me = body_of<JobBody>(self);
    return PyBool_FromLong(static_cast<long>(me.result && me.result->ready()));
}

int add_job(PyObject* module) noexcept {
    static PyMethodDef methods[] = {
        {"get", &job_get, METH_NOARGS, "get()\n--\n\nWaits for its end. Returns its result, or raises what it raised."},
        {"ready", &job_ready, METH_NOARGS, "ready()\n--\n\nWhether it has ended."},
        {nullptr, nullptr, 0, nullptr}};
    job_type = add_object_type<JobBody>(module,
                                        {"tendril._tendril.Job", "A call in another OS thread.", methods, nullptr}, {});
    return job_type == nullptr ? -1 : 0;
}

// ---- A pool

// Destroyed by a green thread of its own, since that may have to wait for a job. An error may be on its way meanwhile.
void dispose(std::unique_ptr<ThreadPool> pool) noexcept {
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    static_cast<void>(guarded([&] {
        pool->kill_nowait();
        if (pool->threads() == 0) {
            pool.reset();
        } else if (detail::here::has_hub() && _Py_IsFinalizing() == 0) {
            spawn_n([mine = std::move(pool)] {});
        }
    }));
    PyErr_Clear();
    PyErr_Restore(type, value, traceback);
    static_cast<void>(pool.release());  // where nothing could be started, its idle threads have ended all the same
}

struct PoolBody {
    std::unique_ptr<ThreadPool> pool;

    static int traverse(visitproc /*visit*/, void* /*arg*/) noexcept { return 0; }
    void clear() noexcept {
        if (pool != nullptr) {
            dispose(std::move(pool));
        }
    }
};

thread_local const ThreadPool* inside = nullptr;  // whose worker this is

// A call that knows whose worker runs it.
class Task {
public:
    Task(const ThreadPool& pool, PyObject* function, PyObject* args, PyObject* kwargs) noexcept
        : pool_(&pool), call_(function, args, kwargs) {}
    Outcome operator()() {
        inside = pool_;
        return call_();
    }

private:
    const ThreadPool* pool_;
    ForeignCall call_;
};

ThreadPool* pool_of(PyObject* self) noexcept {
    ThreadPool* const pool = body_of<PoolBody>(self).pool.get();
    if (pool == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "__init__() of this ThreadPool was not called");
    }
    return pool;
}

bool check_size(Py_ssize_t size) noexcept {
    if (size < 0) {
        PyErr_Format(PyExc_ValueError, "a ThreadPool cannot have %zd threads", size);
    }
    return size >= 0;
}

int pool_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* names[] = {"size", nullptr};
    Py_ssize_t size = 10;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|n:ThreadPool", const_cast<char**>(names), &size) == 0) {
        return -1;
    }
    if (!check_size(size)) {
        return -1;
    }
    body_of<PoolBody>(self).clear();
    return guarded([&] { body_of<PoolBody>(self).pool = std::make_unique<ThreadPool>(Size(size)); }) ? 0 : -1;
}

bool read_call(const char* function, const Call& call, PyObject* (&into)[3], Ref& args) noexcept {
    static constexpr const char* names[] = {"function", "args", "kwds"};
    if (!read_arguments(function, names, 1, call, into)) {
        return false;
    }
    if (PyCallable_Check(into[0]) == 0) {
        PyErr_Format(PyExc_TypeError, "a ThreadPool needs something to call; this is %R", into[0]);
        return false;
    }
    args =
        into[1] == nullptr || into[1] == Py_None ? Ref::taken(PyTuple_New(0)) : Ref::taken(PySequence_Tuple(into[1]));
    if (into[2] == Py_None) {
        into[2] = nullptr;
    }
    if (into[2] != nullptr && PyDict_Check(into[2]) == 0) {
        PyErr_Format(PyExc_TypeError, "keyword arguments come in a dict; this is %R", into[2]);
        return false;
    }
    return static_cast<bool>(args);
}

PyObject* pool_apply(PyObject* self, PyObject* const* given, Py_ssize_t n, PyObject* keywords) {
    ThreadPool* const pool = pool_of(self);
    PyObject* parts[3] = {};
    Ref args;
    if (pool == nullptr || !read_call("apply", {given, n, keywords}, parts, args)) {
        return nullptr;
    }
    drop_now();
    if (inside == pool) {  // which would wait for itself
        return PyObject_Call(parts[0], args.get(), parts[2]);
    }
    Task task(*pool, parts[0], args.get(), parts[2]);
    Outcome outcome;
    return waiting([&] { outcome = pool->apply(std::move(task)); }) ? outcome.give() : nullptr;
}

PyObject* pool_submit(PyObject* self, PyObject* const* given, Py_ssize_t n, PyObject* keywords) {
    ThreadPool* const pool = pool_of(self);
    PyObject* parts[3] = {};
    Ref args;
    if (pool == nullptr || !read_call("submit", {given, n, keywords}, parts, args)) {
        return nullptr;
    }
    drop_now();
    if (inside == pool) {
        PyErr_SetString(PyExc_RuntimeError, "a ThreadPool cannot take jobs from its own, which it would wait for");
        return nullptr;
    }
    Ref job = Ref::taken(new_object<JobBody>(job_type, nullptr, nullptr));
    if (!job || !guarded([&] {
            have_hub();
            body_of<JobBody>(job.get()).result = pool->spawn(Task(*pool, parts[0], args.get(), parts[2]));
        })) {
        return nullptr;
    }
    return job.release();
}

PyObject* pool_join(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"timeout"};
    PyObject* timeout[1] = {};
    Deadline deadline;
    bool ended = false;
    ThreadPool* const pool = pool_of(self);
    if (pool == nullptr || !read_arguments("join", names, 0, {args, n, keywords}, timeout) ||
        !deadline_from(timeout[0], deadline) || !waiting([&] { ended = pool->join(deadline); })) {
        return nullptr;
    }
    return PyBool_FromLong(static_cast<long>(ended));
}

PyObject* pool_kill(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    static constexpr const char* names[] = {"block", "timeout"};
    PyObject* values[2] = {};
    bool block = true;
    Deadline deadline;
    bool ended = false;
    ThreadPool* const pool = pool_of(self);
    if (pool == nullptr || !read_arguments("kill", names, 0, {args, n, keywords}, values) ||
        !truth_from(values[0], block) || !deadline_from(values[1], deadline) ||
        !guarded([&] { pool->kill_nowait(); }) || (block && !waiting([&] { ended = pool->join(deadline); }))) {
        return nullptr;
    }
    return PyBool_FromLong(static_cast<long>(ended || pool->running() == 0));
}

PyObject* pool_resize(PyObject* self, PyObject* size) {
    ThreadPool* const pool = pool_of(self);
    const Py_ssize_t threads = PyNumber_AsSsize_t(size, PyExc_OverflowError);
    if (pool == nullptr || (threads == -1 && PyErr_Occurred() != nullptr) || !check_size(threads) ||
        !guarded([&] { pool->resize(Size(threads)); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

template <std::size_t (ThreadPool::*count)() const>
PyObject* get_count(PyObject* self, void* /*unused*/) {
    const ThreadPool* const pool = pool_of(self);
    return pool != nullptr ? PyLong_FromSize_t((pool->*count)()) : nullptr;
}

PyMethodDef methods[] = {
    {"apply", as_method(&pool_apply), METH_FASTCALL | METH_KEYWORDS,
     "apply(function, args=None, kwds=None)\n--\n\nfunction(*args, **kwds) in a worker; waits for it. After a kill or "
     "a Timeout a job that has begun runs on, and another never runs. In a worker itself it is called there."},
    {"_submit", as_method(&pool_submit), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {"join", as_method(&pool_join), METH_FASTCALL | METH_KEYWORDS,
     "join(timeout=None)\n--\n\nWaits until no job waits or runs. Returns whether that was in time."},
    {"kill", as_method(&pool_kill), METH_FASTCALL | METH_KEYWORDS,
     "kill(block=True, timeout=None)\n--\n\nDrops the jobs that have not begun, whose results raise RuntimeError, and "
     "waits for the others, which cannot be killed. Returns whether none is left."},
    {"resize", &pool_resize, METH_O, "resize(size)\n--\n\nExcess threads end after their present job."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {
    {"size", &get_count<&ThreadPool::size>, nullptr, "How many OS threads there may be.", nullptr},
    {"threads", &get_count<&ThreadPool::threads>, nullptr, "How many there are.", nullptr},
    {"running", &get_count<&ThreadPool::running>, nullptr, "How many jobs are under way.", nullptr},
    {"waiting", &get_count<&ThreadPool::waiting>, nullptr, "How many jobs have not begun.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

int add_thread_pool(PyObject* module) noexcept {
    const TypeText text{"tendril._tendril.ThreadPool", "See tendril.ThreadPool.", methods, properties};
    return add_job(module) != 0 ||
                   add_object_type<PoolBody>(module, text, {{Py_tp_init, as_slot(&pool_init)}}) == nullptr
               ? -1
               : 0;
}

}  // namespace tendril::python
