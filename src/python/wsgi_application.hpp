// SPDX-License-Identifier: MIT
//
// WsgiApplication: a WSGI application in Python as the handler of an http::Server.
//
// It is called in the green thread of the connection, which keeps one PyThreadState from its first request to its end:
// so values of threading.local live as long as the connection.

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tendril/http/static_files.hpp>
#include <tendril/local.hpp>
#include <tendril/network.hpp>

#include "python/python.hpp"

namespace tendril::python {

struct State;

// What the green thread of a connection keeps.
struct Seat {
    State* state = nullptr;
    PyObject* environ = nullptr;  // what is the same for all its requests
    std::string body;             // of a response, if it is short
    bool of_proxy = false;        // one that is trusted

    Seat() noexcept = default;
    Seat(Seat&& other) noexcept
        : state(std::exchange(other.state, nullptr)), environ(std::exchange(other.environ, nullptr)),
          body(std::move(other.body)), of_proxy(other.of_proxy) {}
    Seat& operator=(Seat&&) = delete;
    ~Seat();
};

class WsgiApplication {
public:
    // Borrowed: the owner keeps them.
    PyObject* application = nullptr;
    PyObject* common = nullptr;        // see common_environ()
    PyObject* file_wrapper = nullptr;  // the class
    PyObject* report = nullptr;        // report(environ, error): what the client gets to see, a str or None

    std::vector<std::pair<std::string, http::StaticFiles>> folders;  // by prefix
    std::vector<Network> proxies;                                    // that are trusted
    std::uint64_t most_requests = 0;                                 // then serving ends; 0: no limit

    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    PyObject* failure = nullptr;  // SystemExit or KeyboardInterrupt of the application, which has ended serving

    // The handler.
    void answer(http::Request& request, http::Response& response);

private:
    Seat& seat();

    Local<Seat> seats_;
};

}  // namespace tendril::python
