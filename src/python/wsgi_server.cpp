// SPDX-License-Identifier: MIT

#include "python/wsgi_server.hpp"

#include <cerrno>
#include <memory>
#include <new>
#include <system_error>
#include <thread>

#include <tendril/fd.hpp>
#include <tendril/http/server.hpp>
#include <tendril/tls.hpp>

#include "base/sys.hpp"
#include "python/error.hpp"
#include "python/waiting.hpp"
#include "python/wsgi_application.hpp"
#include "python/wsgi_call.hpp"
#include "python/wsgi_environ.hpp"
#include "python/wsgi_input.hpp"
#include "python/wsgi_options.hpp"

namespace tendril::python {

namespace {

struct HttpServer final : http::Server {
    using Server::Server;
};

// A server and what its application needs. Once it was stopped, nothing of it belongs to an OS thread any more.
struct Serving {
    WsgiApplication application;
    Ref callable;
    Ref common;
    Ref file_wrapper;
    Ref report;
    std::shared_ptr<HttpServer> server;  // nullptr: it was stopped. Shared with the calls that wait in it
    http::ServerStats counts;            // once it was stopped
    std::thread::id thread = std::this_thread::get_id();

    ~Serving() { Py_XDECREF(application.failure); }
};

struct ServerObject {
    PyObject_HEAD Serving* serving;
};

Serving* serving_of(PyObject* self) noexcept {
    Serving* const serving = reinterpret_cast<ServerObject*>(self)->serving;
    if (serving == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "this server was not made: its __init__ has failed or was not called");
    }
    return serving;
}

// Returns: nullptr with an error set.
std::shared_ptr<HttpServer> server_of(const Serving* serving) noexcept {
    if (serving != nullptr && serving->server == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "this server was stopped: make another one");
    }
    return serving != nullptr ? serving->server : nullptr;
}

Listener listener_of(int fd) {
    const int own = sys::duplicate(fd, 3);
    if (own < 0) {
        throw std::system_error(errno, std::generic_category(), "the socket to serve on");
    }
    return Listener(Fd(own));
}

TlsContext context_of(const TlsFiles& files) {
    TlsOptions options;
    options.server_side = true;
    options.certificate = files.certfile;
    options.key = files.keyfile;
    options.key_password = files.password;
    options.ca_file = files.ca_certs;
    options.ciphers = files.ciphers;
    options.verify = files.verify == 2   ? TlsVerify::required
                     : files.verify == 1 ? TlsVerify::optional
                                         : TlsVerify::none;
    return TlsContext(options);
}

// Options that Python's servers have otherwise than the ones in C++.
http::ServerOptions default_options() {
    http::ServerOptions options;
    options.max_body = INT64_MAX;  // the application reads in pieces, and frameworks have limits of their own
    options.write_coalesce = 0;    // PEP 3333: a piece is sent before the next one is asked for
    options.connections.stack_size = stack_size();
    return options;
}

bool make(Serving& me, int fd, PyObject* environ, PyObject* error_stream, PyObject* options) noexcept {
    http::ServerOptions how = default_options();
    TlsFiles tls;
    if (!read_options(options, how, tls, me.application)) {
        return false;
    }
    me.common = common_environ(error_stream, me.file_wrapper.get(), environ);
    if (!me.common) {
        return false;
    }
    WsgiApplication& application = me.application;
    application.application = me.callable.get();
    application.common = me.common.get();
    application.file_wrapper = me.file_wrapper.get();
    application.report = me.report.get();
    return guarded([&] {
        have_hub();
        const auto handler = [&application](http::Request& request, http::Response& response) {
            application.answer(request, response);
        };
        Listener listener = listener_of(fd);
        if (tls.certfile.empty()) {
            me.server = std::make_shared<HttpServer>(std::move(listener), handler, how);
        } else {
            me.server = std::make_shared<HttpServer>(wrap_ssl(std::move(listener), context_of(tls)), handler, how);
        }
    });
}

PyObject* server_new(PyTypeObject* type, PyObject* args, PyObject* /*kwargs*/) {
    int fd = -1;
    PyObject *callable = nullptr, *report = nullptr, *file_wrapper = nullptr, *error_stream = nullptr,
             *environ = nullptr, *options = nullptr;
    if (PyArg_ParseTuple(args, "iOOOOO!O!:WSGIServer", &fd, &callable, &report, &file_wrapper, &error_stream,
                         &PyDict_Type, &environ, &PyDict_Type, &options) == 0) {
        return nullptr;
    }
    if (PyCallable_Check(callable) == 0) {
        PyErr_Format(PyExc_TypeError, "a WSGI application must be callable; this is %.200R", callable);
        return nullptr;
    }
    const Ref self = Ref::taken(type->tp_alloc(type, 0));
    auto serving = std::unique_ptr<Serving>(new (std::nothrow) Serving);
    if (!self || serving == nullptr) {
        return PyErr_NoMemory();
    }
    serving->callable = Ref::shared(callable);
    serving->report = Ref::shared(report);
    serving->file_wrapper = Ref::shared(file_wrapper);
    if (!make(*serving, fd, environ, error_stream, options)) {
        return nullptr;
    }
    reinterpret_cast<ServerObject*>(self.get())->serving = serving.release();
    return Py_NewRef(self.get());
}

// Kills the connections that are left, and waits for them; in another OS thread than its own it is leaked.
void server_dealloc(PyObject* self) {
    PyTypeObject* const type = Py_TYPE(self);
    Serving* const serving = reinterpret_cast<ServerObject*>(self)->serving;
    if (serving != nullptr && (serving->server == nullptr || serving->thread == std::this_thread::get_id())) {
        PyObject *kind = nullptr, *value = nullptr, *traceback = nullptr;
        PyErr_Fetch(&kind, &value, &traceback);
        static_cast<void>(waiting([&] { serving->server.reset(); }));
        delete serving;
        PyErr_Restore(kind, value, traceback);
    }
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject* server_start(PyObject* self, PyObject* /*unused*/) {
    Serving* const me = serving_of(self);
    const std::shared_ptr<HttpServer> server = server_of(me);
    if (server == nullptr || !waiting([&] { server->start(); })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* server_stop(PyObject* self, PyObject* seconds) {
    Serving* const me = serving_of(self);
    Duration drain = forever;
    double given = 0;
    if (me == nullptr || (seconds != Py_None && (!seconds_from(seconds, given) ||
                                                 !guarded([&] { drain = std::chrono::duration<double>(given); })))) {
        return nullptr;
    }
    std::size_t killed = 0;
    const Ref kept = Ref::shared(self);
    const bool stopped = waiting([&] {
        if (std::shared_ptr<HttpServer> server = me->server) {
            killed = server->stop(drain);
            me->counts = server->stats();
            me->server.reset();
            server.reset();
        }
    });
    return stopped ? PyLong_FromSize_t(killed) : nullptr;
}

PyObject* server_serve_forever(PyObject* self, PyObject* /*unused*/) {
    Serving* const me = serving_of(self);
    const Ref kept = Ref::shared(self);
    std::shared_ptr<HttpServer> server = server_of(me);
    if (server == nullptr || !waiting([&] {
            server->serve_forever();
            server.reset();
        })) {
        return nullptr;
    }
    if (const Ref error = Ref::taken(std::exchange(me->application.failure, nullptr))) {
        set_python_error(error.get());
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* server_accepting(PyObject* self, PyObject* wanted) {
    Serving* const me = serving_of(self);
    const int on = PyObject_IsTrue(wanted);
    const std::shared_ptr<HttpServer> server = server_of(me);
    if (server == nullptr || on < 0 || !guarded([&] {
            if (on != 0) {
                server->start_accepting();
            } else {
                server->stop_accepting();
            }
        })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* server_stats(PyObject* self, PyObject* /*unused*/) {
    Serving* const me = serving_of(self);
    if (me == nullptr) {
        return nullptr;
    }
    const http::ServerStats s = me->server != nullptr ? me->server->stats() : me->counts;
    return Py_BuildValue("{sKsKsKsKsKsKsKsK}", "connections", s.connections, "open", s.open, "requests", s.requests,
                         "bad_requests", s.bad_requests, "errors", s.errors + me->application.errors, "timeouts",
                         s.timeouts, "failed_handshakes", s.failed_handshakes, "gone", s.gone);
}

PyObject* server_is_running(PyObject* self, void* /*unused*/) {
    Serving* const me = serving_of(self);
    return me == nullptr ? nullptr
                         : PyBool_FromLong(static_cast<long>(me->server != nullptr && me->server->is_running()));
}

PyMethodDef methods[] = {
    {"start", &server_start, METH_NOARGS, "start()\n--\n\nBegins to accept, in a green thread of its own."},
    {"stop", &server_stop, METH_O,
     "stop(drain)\n--\n\nAccepts no more, lets requests go on for this many seconds (None: any time), and kills what "
     "is left. Returns how many connections that were. Waits."},
    {"serve_forever", &server_serve_forever, METH_NOARGS,
     "serve_forever()\n--\n\nStarts, and waits until the server has been stopped."},
    {"accept", &server_accepting, METH_O, "accept(on)\n--\n\nWhether new connections are accepted, or wait."},
    {"stats", &server_stats, METH_NOARGS, "stats()\n--\n\nCounts since the start, as a dict."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {{"is_running", &server_is_running, nullptr, "Started, and not stopped.", nullptr},
                            {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>("WSGIServer(fd, application, report, file_wrapper, errors, environ, options)\n--\n\n"
                                  "The server beneath tendril.wsgi.Server.")},
    {Py_tp_new, as_slot(&server_new)},
    {Py_tp_dealloc, as_slot(&server_dealloc)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, nullptr}};

PyType_Spec spec = {"tendril._tendril.WSGIServer", sizeof(ServerObject), 0, Py_TPFLAGS_DEFAULT, slots};

}  // namespace

int add_wsgi(PyObject* module) noexcept {
    if (!prepare_environ() || add_wsgi_call(module) != 0 || add_wsgi_input(module) != 0) {
        return -1;
    }
    return add_type(module, spec) == nullptr ? -1 : 0;
}

}  // namespace tendril::python
