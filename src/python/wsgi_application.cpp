// SPDX-License-Identifier: MIT

#include "python/wsgi_application.hpp"

#include <algorithm>
#include <new>
#include <string_view>

#include <tendril/fd.hpp>
#include <tendril/file.hpp>
#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>
#include <tendril/http/server.hpp>

#include "base/sys.hpp"
#include "http/message/chars.hpp"
#include "python/error.hpp"
#include "python/state.hpp"
#include "python/wsgi_call.hpp"
#include "python/wsgi_environ.hpp"
#include "python/wsgi_input.hpp"

namespace tendril::python {

namespace {

// How a call has ended, for the server beneath.
struct Outcome {
    enum class Kind : std::uint8_t { good, failed, clients_fault, killed, ends_serving } kind = Kind::good;
    std::exception_ptr error;  // the client's fault
    std::string text;          // of an answer with status 500
    bool sends = false;        // the body, in Seat::body, is yet to be sent

    void pass_on(http::Response& response, std::string_view body) {
        switch (kind) {
        case Kind::good:
            return sends ? response.send(body) : void();
        case Kind::failed:
            // NOLINTNEXTLINE(misc-throw-by-value-catch-by-reference): set() returns the temporary itself
            throw http::StatusError(500, text).set("Connection", "close");
        case Kind::clients_fault:
            std::rethrow_exception(std::move(error));
        case Kind::killed:
            throw GreenletExit();
        case Kind::ends_serving:
            throw StopServe();
        }
    }
};

// One call of the application, and the sending of what it returns.
class Conversation {
public:
    Conversation(WsgiApplication& application, CallObject& call, std::string& body) noexcept
        : application_(application), call_(call), body_(body) {}

    Outcome run(const Ref& environ) noexcept {
        PyObject* const args[] = {environ.get(), reinterpret_cast<PyObject*>(&call_)};
        Ref chunks = Ref::taken(PyObject_Vectorcall(application_.application, args, 2, nullptr));
        bool good = chunks && send(chunks.get());
        Outcome outcome = good ? Outcome() : failure(environ);
        outcome.sends = sends_;
        if (chunks && PyList_CheckExact(chunks.get()) == 0 && PyTuple_CheckExact(chunks.get()) == 0) {
            close(chunks.get(), environ, outcome);
        }
        return outcome;
    }

private:
    bool send(PyObject* chunks) noexcept {
        if (PyList_CheckExact(chunks) != 0 || PyTuple_CheckExact(chunks) != 0) {
            return send_all(chunks);
        }
        if (reinterpret_cast<PyObject*>(Py_TYPE(chunks)) == application_.file_wrapper) {
            const int sent = send_file(chunks);
            if (sent != 0) {
                return sent > 0;
            }
        }
        const Ref pieces = Ref::taken(PyObject_GetIter(chunks));
        if (!pieces) {
            return false;
        }
        const iternextfunc next = Py_TYPE(pieces.get())->tp_iternext;
        while (const Ref piece = Ref::taken(next(pieces.get()))) {
            if (!write_piece(call_, piece.get())) {
                return false;
            }
        }
        if (PyErr_Occurred() != nullptr) {
            if (PyErr_ExceptionMatches(PyExc_StopIteration) == 0) {
                return false;
            }
            PyErr_Clear();
        }
        return end();
    }

    // Whether this body can be sent once Python has been left for good.
    bool can_be_left(std::size_t size) const noexcept {
        if (size == 0 || size > copied || !http::may_have_body(call_.response->status())) {
            return false;
        }
        std::uint64_t stated = size;
        return guarded([&] {
                   const std::string_view text = call_.response->headers().get("Content-Length");
                   stated = text.empty() ? size : http::detail::parse_decimal(text).value_or(0);
               }) &&
               stated == size;
    }

    bool end() noexcept {
        return (call_.begun || fix_head(call_)) && wait_for_client(call_, [&] { call_.response->end(); });
    }

    // All pieces are there, so their length is known.
    bool send_all(PyObject* chunks) noexcept {
        const Py_ssize_t n = PySequence_Fast_GET_SIZE(chunks);
        if (n == 1 && !call_.begun && PyBytes_CheckExact(PySequence_Fast_GET_ITEM(chunks, 0)) != 0) {
            const Ref piece = Ref::shared(PySequence_Fast_GET_ITEM(chunks, 0));
            const std::string_view bytes(PyBytes_AS_STRING(piece.get()),
                                         static_cast<std::size_t>(PyBytes_GET_SIZE(piece.get())));
            if (!fix_head(call_)) {
                return false;
            }
            if (can_be_left(bytes.size())) {
                sends_ = guarded([&] { body_ = bytes; });
                return sends_;
            }
            return wait_for_client(call_, [&] {
                if (bytes.empty() || !http::may_have_body(call_.response->status())) {
                    call_.response->end();
                } else {
                    call_.response->send(bytes);
                }
            });
        }
        std::size_t size = 0;
        for (Py_ssize_t i = 0; i < n; ++i) {
            PyObject* const piece = PySequence_Fast_GET_ITEM(chunks, i);
            size += PyBytes_Check(piece) != 0 ? static_cast<std::size_t>(PyBytes_GET_SIZE(piece)) : 0;
        }
        if (call_.started && !call_.begun && size != 0 && http::may_have_body(call_.response->status()) &&
            !guarded([&] {
                http::Headers& headers = call_.response->headers();
                if (!headers.contains("Content-Length")) {
                    headers.set("Content-Length", std::to_string(size));
                }
                call_.response->coalesce(collected);
            })) {
            return false;
        }
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(chunks); ++i) {
            const Ref piece = Ref::shared(PySequence_Fast_GET_ITEM(chunks, i));
            if (!write_piece(call_, piece.get())) {
                return false;
            }
        }
        return end();
    }

    // Lets the kernel copy a regular file. Returns: 0: it is something else; -1 with a Python error set.
    int send_file(PyObject* wrapper) noexcept {
        // Interned: the interpreter's cache of types' attributes keeps each other name that it is asked for.
        static PyObject* const names[] = {PyUnicode_InternFromString("file"), PyUnicode_InternFromString("fileno"),
                                          PyUnicode_InternFromString("tell")};
        const Ref like = Ref::taken(PyObject_GetAttr(wrapper, names[0]));
        const Ref number = Ref::taken(like ? PyObject_CallMethodNoArgs(like.get(), names[1]) : nullptr);
        const Ref at = Ref::taken(number ? PyObject_CallMethodNoArgs(like.get(), names[2]) : nullptr);
        const long long offset = at ? PyLong_AsLongLong(at.get()) : -1;
        const int fd = number ? static_cast<int>(PyLong_AsLong(number.get())) : -1;
        PyErr_Clear();
        if (offset < 0 || fd < 0) {  // a pipe, or no file at all
            return 0;
        }
        if (!call_.started) {
            fix_head(call_);
            return -1;
        }
        const bool fresh = !std::exchange(call_.begun, true);
        const auto from = static_cast<std::uint64_t>(offset);
        http::Response& response = *call_.response;
        const bool sent = wait_for_client(call_, [&] {
            const File file = File::adopt(Fd(sys::duplicate(fd, 3)));
            const std::uint64_t size = file.size();
            std::uint64_t count = size - std::min(size, from);
            if (!http::may_have_body(response.status())) {
                return response.end();
            }
            if (!fresh) {
                response.write_file(file, from, count);
            } else {
                const std::string_view stated = response.headers().get("Content-Length");
                count = std::min(count, http::detail::parse_decimal(stated).value_or(count));
                response.send_file(file, from, count);
            }
            response.end();
        });
        return sent ? 1 : -1;
    }

    // Judges the Python error that is set.
    Outcome failure(const Ref& environ) noexcept {
        using Kind = Outcome::Kind;
        PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        if (traceback != nullptr) {
            PyException_SetTraceback(value, traceback);
        }
        const Ref types = Ref::taken(type);
        const Ref error = Ref::taken(value);
        const Ref trace = Ref::taken(traceback);
        Outcome outcome;
        if (PyErr_GivenExceptionMatches(type, errors.greenlet_exit) != 0) {
            outcome.kind = Kind::killed;
        } else if (call_.client_error != nullptr) {
            outcome.kind = Kind::clients_fault;
            outcome.error = call_.client_error;
        } else if (PyErr_GivenExceptionMatches(type, PyExc_SystemExit) != 0 ||
                   PyErr_GivenExceptionMatches(type, PyExc_KeyboardInterrupt) != 0) {
            outcome.kind = Kind::ends_serving;
            Py_XSETREF(application_.failure, Py_NewRef(value));
        } else {
            outcome.kind = Kind::failed;
            outcome.text = report(environ, value);
        }
        return outcome;
    }

    // Returns: what the client gets to see.
    std::string report(const Ref& environ, PyObject* error) noexcept {
        ++application_.errors;
        const Ref said = Ref::taken(PyObject_CallFunctionObjArgs(application_.report, environ.get(), error, nullptr));
        if (!said) {
            PyErr_WriteUnraisable(application_.report);
            return {};
        }
        Py_ssize_t size = 0;
        const char* const text =
            PyUnicode_Check(said.get()) != 0 ? PyUnicode_AsUTF8AndSize(said.get(), &size) : nullptr;
        PyErr_Clear();
        return text != nullptr ? std::string(text, static_cast<std::size_t>(size)) : std::string();
    }

    // close() of what the application returned; an error of it is the outcome only if there is none yet.
    void close(PyObject* chunks, const Ref& environ, Outcome& outcome) noexcept {
        PyObject* method = nullptr;
        static PyObject* const name = PyUnicode_InternFromString("close");
        if (_PyObject_LookupAttr(chunks, name, &method) <= 0) {
            PyErr_Clear();
            return;
        }
        const Ref bound = Ref::taken(method);
        const Ref done = Ref::taken(PyObject_CallNoArgs(bound.get()));
        if (!done) {
            Outcome closing = failure(environ);
            if (outcome.kind == Outcome::Kind::good && closing.kind != Outcome::Kind::failed) {
                outcome = std::move(closing);
            }
        }
    }

    static constexpr std::size_t collected = 4096;
    static constexpr std::size_t copied = 4096;

    WsgiApplication& application_;
    CallObject& call_;
    std::string& body_;
    bool sends_ = false;
};

// Without memory for a call.
Outcome no_call() noexcept {
    PyErr_WriteUnraisable(nullptr);
    Outcome outcome;
    outcome.kind = Outcome::Kind::failed;
    return outcome;
}

}  // namespace

Seat::~Seat() {
    if (state != nullptr) {
        state->return_to();
        Py_CLEAR(environ);
        state->end();
    }
}

Seat& WsgiApplication::seat() {
    if (Seat* const there = seats_.get_if()) {
        (*there).state->return_to();
        return *there;
    }
    Seat fresh;
    fresh.state = State::begin();
    if (fresh.state == nullptr) {
        throw std::bad_alloc();
    }
    return seats_.emplace(std::move(fresh));
}

void WsgiApplication::answer(http::Request& request, http::Response& response) {
    for (const auto& [prefix, files] : folders) {
        if (request.path().starts_with(prefix)) {
            files(request, response);
            return;
        }
    }
    ++requests;
    Seat& here = seat();
    Outcome outcome;
    {
        if (here.environ == nullptr) {
            here.environ = connection_environ(common, request).release();
            here.of_proxy = !proxies.empty() && contains(proxies, request.peer());
        }
        CallObject* const call = here.environ != nullptr ? new_call(request, response) : nullptr;
        const Ref call_kept = Ref::taken(reinterpret_cast<PyObject*>(call));
        const Ref input = Ref::taken(call != nullptr ? new_input(*call) : nullptr);
        const Ref environ = input ? request_environ(here.environ, request, input.get(), here.of_proxy) : Ref();
        outcome = environ ? Conversation(*this, *call, here.body).run(environ) : no_call();
        if (call != nullptr) {
            call->request = nullptr;
            call->response = nullptr;
        }
    }
    here.state->leave();
    outcome.pass_on(response, here.body);
    if (requests == most_requests) {
        throw StopServe();
    }
}

}  // namespace tendril::python
