// SPDX-License-Identifier: MIT

#include "python/wsgi_options.hpp"

#include <string_view>
#include <vector>

#include "base/sys.hpp"
#include "python/error.hpp"
#include "python/waiting.hpp"
#include "python/wsgi_application.hpp"

namespace tendril::python {

namespace {

struct Target {
    http::ServerOptions& http;
    TlsFiles& tls;
    WsgiApplication& application;
    int log_fd = -1;
    int error_fd = -1;
    std::string log_format{http::AccessLog::default_format};
};

bool read(PyObject* value, Duration& into) noexcept {
    if (value == Py_None) {
        into = forever;
        return true;
    }
    double seconds = 0;
    return seconds_from(value, seconds) && guarded([&] { into = std::chrono::duration<double>(seconds); });
}

template <std::unsigned_integral N>
requires(!std::same_as<N, bool>) bool read(PyObject* value, N& into) noexcept {
    if (value == Py_None) {
        into = static_cast<N>(INT64_MAX);
        return true;
    }
    const long long number = PyLong_AsLongLong(value);
    if (number < 0) {
        if (PyErr_Occurred() == nullptr) {
            PyErr_SetString(PyExc_ValueError, "a number that is not below 0 is needed");
        }
        return false;
    }
    into = static_cast<N>(number);
    return true;
}

bool read(PyObject* value, bool& into) noexcept {
    const int truth = PyObject_IsTrue(value);
    into = truth > 0;
    return truth >= 0;
}

bool read(PyObject* value, std::string& into) noexcept {
    if (value == Py_None) {
        return true;
    }
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(value, &size);
    return text != nullptr && guarded([&] { into.assign(text, static_cast<std::size_t>(size)); });
}

bool read(PyObject* value, std::vector<Network>& into) noexcept {
    const Ref list = Ref::taken(PySequence_Fast(value, "a list of networks is needed"));
    for (Py_ssize_t i = 0; list && i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
        std::string text;
        if (!read(PySequence_Fast_GET_ITEM(list.get(), i), text) ||
            !guarded([&] { into.push_back(Network::parse(text)); })) {
            return false;
        }
    }
    return static_cast<bool>(list);
}

// A dict from a prefix to a folder.
bool read_folders(PyObject* value, WsgiApplication& application) noexcept {
    const Ref items = Ref::taken(PyMapping_Items(value));
    for (Py_ssize_t i = 0; items && i < PyList_GET_SIZE(items.get()); ++i) {
        PyObject* const item = PyList_GET_ITEM(items.get(), i);
        std::string prefix;
        std::string folder;
        if (!read(PyTuple_GET_ITEM(item, 0), prefix) || !read(PyTuple_GET_ITEM(item, 1), folder) || !guarded([&] {
                http::StaticOptions how;
                how.prefix = prefix;
                application.folders.emplace_back(prefix, http::StaticFiles(folder, how));
            })) {
            return false;
        }
    }
    return static_cast<bool>(items);
}

bool read_compression(PyObject* value, http::ServerOptions& options) noexcept {
    bool wanted = false;
    if (!read(value, wanted)) {
        return false;
    }
    if (wanted) {
        options.compression.emplace();
    }
    return true;
}

struct Option {
    std::string_view name;
    bool (*read_it)(PyObject* value, Target& to) noexcept;
};

template <auto Member>
bool into_http(PyObject* value, Target& to) noexcept {
    return read(value, to.http.*Member);
}

template <auto Member>
bool into_connections(PyObject* value, Target& to) noexcept {
    return read(value, to.http.connections.*Member);
}

template <auto Member>
bool into_tls(PyObject* value, Target& to) noexcept {
    return read(value, to.tls.*Member);
}

using Http = http::ServerOptions;
using Connections = StreamServerOptions;

constexpr Option all[] = {
    {"header_timeout", &into_http<&Http::header_timeout>},
    {"body_timeout", &into_http<&Http::body_timeout>},
    {"write_timeout", &into_http<&Http::write_timeout>},
    {"idle_timeout", &into_http<&Http::idle_timeout>},
    {"body_deadline", &into_http<&Http::body_deadline>},
    {"linger_timeout", &into_http<&Http::linger_timeout>},
    {"max_request_line", &into_http<&Http::max_request_line>},
    {"max_header_bytes", &into_http<&Http::max_header_bytes>},
    {"max_header_count", &into_http<&Http::max_header_count>},
    {"max_body", &into_http<&Http::max_body>},
    {"keep_alive", &into_http<&Http::keep_alive>},
    {"say_keep_alive", &into_http<&Http::say_keep_alive>},
    {"write_coalesce", &into_http<&Http::write_coalesce>},
    {"capitalize_headers", &into_http<&Http::capitalize_headers>},
    {"server_name", &into_http<&Http::server_name>},
    {"trusted_proxies", &into_http<&Http::trusted_proxies>},
    {"compression", [](PyObject* value, Target& to) noexcept { return read_compression(value, to.http); }},
    {"http_1_0",
     [](PyObject* value, Target& to) noexcept {
         bool old = false;
         const bool done = read(value, old);
         to.http.max_version = old ? http::Version::http_1_0 : http::Version::http_1_1;
         return done;
     }},
    {"concurrency", &into_connections<&Connections::concurrency>},
    {"max_per_address", &into_connections<&Connections::max_per_address>},
    {"max_accept", &into_connections<&Connections::max_accept>},
    {"stack_size", &into_connections<&Connections::stack_size>},
    {"drain", &into_connections<&Connections::drain>},
    {"handshake_timeout", &into_connections<&Connections::handshake_timeout>},
    {"proxy_sources", &into_connections<&Connections::proxy_sources>},
    {"proxy_protocol",
     [](PyObject* value, Target& to) noexcept {
         bool wanted = false;
         const bool done = read(value, wanted);
         to.http.connections.proxy_protocol = wanted ? ProxyProtocol::required : ProxyProtocol::off;
         return done;
     }},
    {"certfile", &into_tls<&TlsFiles::certfile>},
    {"keyfile", &into_tls<&TlsFiles::keyfile>},
    {"keyfile_password", &into_tls<&TlsFiles::password>},
    {"ca_certs", &into_tls<&TlsFiles::ca_certs>},
    {"ciphers", &into_tls<&TlsFiles::ciphers>},
    {"cert_reqs",
     [](PyObject* value, Target& to) noexcept {
         to.tls.verify = PyLong_AsLong(value);
         return PyErr_Occurred() == nullptr;
     }},
    {"static", [](PyObject* value, Target& to) noexcept { return read_folders(value, to.application); }},
    {"max_requests", [](PyObject* value, Target& to) noexcept { return read(value, to.application.most_requests); }},
    {"access_log_fd",
     [](PyObject* value, Target& to) noexcept {
         to.log_fd = value == Py_None ? -1 : static_cast<int>(PyLong_AsLong(value));
         return PyErr_Occurred() == nullptr;
     }},
    {"error_log_fd",
     [](PyObject* value, Target& to) noexcept {
         to.error_fd = value == Py_None ? -1 : static_cast<int>(PyLong_AsLong(value));
         return PyErr_Occurred() == nullptr;
     }},
    {"access_log_format", [](PyObject* value, Target& to) noexcept { return read(value, to.log_format); }},
};

// Puts the option's name before the error's text.
void name_it(PyObject* name) noexcept {
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_Format(type, "the option %S: %S", name, value != nullptr ? value : Py_None);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

bool read_one(PyObject* name, PyObject* value, Target& to) noexcept {
    std::string text;
    if (!read(name, text)) {
        return false;
    }
    for (const Option& each : all) {
        if (each.name == text) {
            if (!each.read_it(value, to)) {
                name_it(name);
                return false;
            }
            return true;
        }
    }
    PyErr_Format(PyExc_TypeError, "a server has no option %R", name);
    return false;
}

void write_line(int fd, std::string_view line) noexcept {
    std::string whole(line);
    whole += '\n';
    [[maybe_unused]] const auto written = sys::write(fd, whole.data(), whole.size());
}

}  // namespace

bool read_options(PyObject* dict, http::ServerOptions& options, TlsFiles& tls, WsgiApplication& application) noexcept {
    Target to{options, tls, application};
    PyObject* name = nullptr;
    PyObject* value = nullptr;
    for (Py_ssize_t at = 0; dict != nullptr && PyDict_Next(dict, &at, &name, &value) != 0;) {
        if (!read_one(name, value, to)) {
            return false;
        }
    }
    application.proxies = options.trusted_proxies;
    if (to.error_fd >= 0 && !guarded([&] {
            const int fd = to.error_fd;
            options.errors.write = [fd](std::string_view line) { write_line(fd, line); };
        })) {
        return false;
    }
    return to.log_fd < 0 || guarded([&] {
               const int fd = to.log_fd;
               options.access_log =
                   http::AccessLog([fd](std::string_view line) { write_line(fd, line); }, to.log_format);
           });
}

}  // namespace tendril::python
