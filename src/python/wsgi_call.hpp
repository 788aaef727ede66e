// SPDX-License-Identifier: MIT
//
// CallObject: one call of a WSGI application. It is the start_response that the application gets, and what becomes of
// the response.
//
// It may outlive its request; then start_response and write() raise RuntimeError.

#pragma once

#include <exception>

#include "python/error.hpp"
#include "python/python.hpp"
#include "python/state.hpp"

#include <tendril/error.hpp>

namespace tendril::http {
class Request;
class Response;
}  // namespace tendril::http

namespace tendril::python {

struct CallObject {
    PyObject_HEAD vectorcallfunc call;
    http::Request* request;  // nullptr: it is over
    http::Response* response;
    std::exception_ptr client_error;  // what reading from, or sending to, the client has thrown
    bool started;                     // start_response was called
    bool begun;                       // a piece of the body was written: the head is fixed
};

CallObject* new_call(http::Request& request, http::Response& response) noexcept;

// Runs f(), which waits for the client, and must touch nothing of Python's. Returns: false with a Python error set.
template <class F>
bool wait_for_client(CallObject& call, F&& f) noexcept {
    State* const here = State::here();
    if (here == nullptr) {
        return false;
    }
    std::exception_ptr error;
    here->leave();
    try {
        f();
    } catch (const std::logic_error&) {  // the application's: more than the Content-Length, and the like
        error = std::current_exception();
    } catch (const Interrupt&) {
        error = std::current_exception();
    } catch (...) {
        error = call.client_error = std::current_exception();
    }
    here->return_to();
    if (error == nullptr) [[likely]] {
        return true;
    }
    return guarded([&] { std::rethrow_exception(std::move(error)); });
}

// Before the first piece. Returns: false with AssertionError set: start_response was not called.
bool fix_head(CallObject& call) noexcept;

// Sends a piece. Returns: false with a Python error set: also TypeError for what is not bytes.
bool write_piece(CallObject& call, PyObject* piece) noexcept;

int add_wsgi_call(PyObject* module) noexcept;

}  // namespace tendril::python
