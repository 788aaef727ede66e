// SPDX-License-Identifier: MIT

#include "python/wsgi_environ.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <tendril/address.hpp>
#include <tendril/http/form.hpp>
#include <tendril/http/request.hpp>
#include <tendril/version.hpp>

#include "http/message/chars.hpp"
#include "python/error.hpp"

namespace tendril::python {

namespace {

using http::detail::same_ignoring_case;

Ref text(std::string_view value) noexcept {
    return Ref::taken(PyUnicode_DecodeLatin1(value.data(), static_cast<Py_ssize_t>(value.size()), nullptr));
}

PyObject* interned(const char* name) noexcept {
    return PyUnicode_InternFromString(name);
}

// The keys and values that are always the same.
struct Words {
    PyObject* method = interned("REQUEST_METHOD");
    PyObject* path_info = interned("PATH_INFO");
    PyObject* raw_path_info = interned("RAW_PATH_INFO");
    PyObject* raw_uri = interned("RAW_URI");
    PyObject* request_uri = interned("REQUEST_URI");
    PyObject* query = interned("QUERY_STRING");
    PyObject* protocol = interned("SERVER_PROTOCOL");
    PyObject* input = interned("wsgi.input");
    PyObject* scheme = interned("wsgi.url_scheme");
    PyObject* content_length = interned("CONTENT_LENGTH");
    PyObject* cookie = interned("HTTP_COOKIE");
    PyObject* https = interned("https");
    PyObject* nothing = interned("");
    PyObject* slash = interned("/");
    PyObject* http_1_0 = interned("HTTP/1.0");
    PyObject* http_1_1 = interned("HTTP/1.1");
    PyObject* get = interned("GET");
    std::array<PyObject*, 7> methods{interned("GET"),   interned("POST"),    interned("HEAD"),  interned("PUT"),
                                     interned("PATCH"), interned("OPTIONS"), interned("DELETE")};
};
const Words* words = nullptr;

// Returns: such as HTTP_USER_AGENT for User-Agent.
std::string variable_of(std::string_view field) {
    std::string name = "HTTP_";
    for (const char c : field) {
        name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
    }
    if (name == "HTTP_CONTENT_TYPE" || name == "HTTP_CONTENT_LENGTH") {
        name.erase(0, 5);
    }
    return name;
}

// One with a "_" could pass for another with a "-"; HTTP_PROXY would be obeyed by what a program starts with these
// variables (httpoxy, CVE-2016-5385).
bool left_out(std::string_view field) noexcept {
    return field.find('_') != std::string_view::npos || same_ignoring_case(field, "Proxy");
}

// From the names of fields, in the case in which they were sent, to their keys. Never shrinks; is never full.
class Keys {
public:
    // Returns: the key, or nullptr without an error for a field that is left out.
    Ref find(std::string_view field) {
        std::size_t at = std::hash<std::string_view>()(field) % slots_.size();
        while (!slots_[at].name.empty()) {
            if (slots_[at].name == field) {
                return Ref::shared(slots_[at].key);
            }
            at = (at + 1) % slots_.size();
        }
        if (left_out(field)) {
            return {};
        }
        Ref key = text(variable_of(field));
        if (key && used_ < slots_.size() / 2 && field.size() <= longest) {
            ++used_;
            PyObject* kept = Py_NewRef(key.get());
            PyUnicode_InternInPlace(&kept);
            slots_[at] = {std::string(field), kept};
            return Ref::shared(kept);
        }
        return key;
    }

private:
    static constexpr std::size_t longest = 64;
    struct Slot {
        std::string name;
        PyObject* key = nullptr;
    };
    std::array<Slot, 1024> slots_;
    std::size_t used_ = 0;
};
Keys* keys = nullptr;

bool put(PyObject* environ, const char* key, const Ref& value) noexcept {
    return value && PyDict_SetItemString(environ, key, value.get()) == 0;
}

// Unless it is there already.
bool put_default(PyObject* environ, const char* key, const Ref& value) noexcept {
    const Ref name = Ref::taken(PyUnicode_InternFromString(key));
    return value && name && PyDict_SetDefault(environ, name.get(), value.get()) != nullptr;
}

Ref method_text(std::string_view method) noexcept {
    for (PyObject* known : words->methods) {
        const auto size = static_cast<std::size_t>(PyUnicode_GET_LENGTH(known));
        if (method == std::string_view(reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(known)), size)) {
            return Ref::shared(known);
        }
    }
    return text(method);
}

// A field that came before: both values as one list.
bool join(PyObject* environ, PyObject* key, PyObject* before, PyObject* value) noexcept {
    if (key == words->content_length) {
        return true;  // the parser has seen that they are the same
    }
    const Ref joined = Ref::taken(PyUnicode_FromFormat(key == words->cookie ? "%U; %U" : "%U, %U", before, value));
    return joined && PyDict_SetItem(environ, key, joined.get()) == 0;
}

bool add_field(PyObject* environ, const http::Headers::Field& field) {
    const Ref key = keys->find(field.name);
    if (!key) {
        return PyErr_Occurred() == nullptr;
    }
    std::string_view sent = field.value;
    if (key.get() == words->content_length) {
        sent = sent.substr(0, sent.find_first_of(", \t"));
    }
    const Ref value = text(sent);
    const Py_ssize_t before = PyDict_GET_SIZE(environ);
    PyObject* const there = value ? PyDict_SetDefault(environ, key.get(), value.get()) : nullptr;
    // By the size: two texts of one letter are one object.
    return there != nullptr && (PyDict_GET_SIZE(environ) != before || join(environ, key.get(), there, value.get()));
}

// What a request has, with what it mostly is: fill() leaves that as it is. To copy these with the rest, in a dictionary
// that is large enough for the usual headers, costs less than to insert them.
bool add_usual(PyObject* environ) noexcept {
    return PyDict_SetItem(environ, words->method, words->get) == 0 &&
           PyDict_SetItem(environ, words->protocol, words->http_1_1) == 0 &&
           PyDict_SetItem(environ, words->query, words->nothing) == 0 &&
           PyDict_SetItem(environ, words->path_info, words->slash) == 0 &&
           PyDict_SetItem(environ, words->raw_path_info, words->slash) == 0 &&
           PyDict_SetItem(environ, words->raw_uri, words->slash) == 0 &&
           PyDict_SetItem(environ, words->request_uri, words->slash) == 0 &&
           PyDict_SetItem(environ, words->input, Py_None) == 0;
}

bool add_query(PyObject* environ, std::string_view query) noexcept {
    if (query.empty()) {
        return true;
    }
    const Ref value = text(query);
    return value && PyDict_SetItem(environ, words->query, value.get()) == 0;
}

bool add_target(PyObject* environ, const http::Request& request) {
    const std::string_view path = request.path();
    const std::string_view target = request.target();
    if (target == "/") {
        return true;
    }
    const Ref raw = path == "/" ? Ref::shared(words->slash) : text(path);
    Ref decoded = path.find('%') == std::string_view::npos
                      ? Ref::shared(raw.get())
                      : text(http::percent_decode(path, false, http::BadPercent::kept));
    const Ref whole = target == path ? Ref::shared(raw.get()) : text(target);
    return raw && decoded && whole && add_query(environ, request.query()) &&
           PyDict_SetItem(environ, words->path_info, decoded.get()) == 0 &&
           PyDict_SetItem(environ, words->raw_path_info, raw.get()) == 0 &&
           PyDict_SetItem(environ, words->raw_uri, whole.get()) == 0 &&
           PyDict_SetItem(environ, words->request_uri, whole.get()) == 0;
}

bool fill(PyObject* environ, http::Request& request, PyObject* input, bool secure_proxy) {
    const Ref method = method_text(request.method());
    if (!method || (method.get() != words->get && PyDict_SetItem(environ, words->method, method.get()) != 0) ||
        (request.version() == http::Version::http_1_0 &&
         PyDict_SetItem(environ, words->protocol, words->http_1_0) != 0) ||
        PyDict_SetItem(environ, words->input, input) != 0 || !add_target(environ, request)) {
        return false;
    }
    for (const http::Headers::Field field : request.headers()) {
        if (!add_field(environ, field)) {
            return false;
        }
    }
    return !secure_proxy || !same_ignoring_case(request.header("X-Forwarded-Proto"), "https") ||
           PyDict_SetItem(environ, words->scheme, words->https) == 0;
}

bool add_addresses(PyObject* environ, const http::Request& request) {
    const Address& peer = request.peer();
    const Address here = request.local_address();
    const std::string ip = here.ip();
    const char* const port = request.is_secure() ? "443" : "80";
    return put(environ, "REMOTE_ADDR", text(peer.ip())) &&
           put(environ, "REMOTE_PORT", text(std::to_string(peer.port()))) &&
           put_default(environ, "wsgi.url_scheme", text(request.is_secure() ? "https" : "http")) &&
           put_default(environ, "SERVER_NAME", text(ip.empty() ? "localhost" : ip)) &&
           put_default(environ, "SERVER_PORT", text(ip.empty() ? port : std::to_string(here.port())));
}

}  // namespace

bool prepare_environ() noexcept {
    return guarded([] {
               if (keys == nullptr) {
                   words = std::make_unique<Words>().release();
                   keys = std::make_unique<Keys>().release();
               }
               // As browsers and as lower-casing clients send them, so that no client can keep them out.
               for (const char* name : {"Host",
                                        "User-Agent",
                                        "Accept",
                                        "Accept-Encoding",
                                        "Accept-Language",
                                        "Connection",
                                        "Cookie",
                                        "Content-Type",
                                        "Content-Length",
                                        "Referer",
                                        "Origin",
                                        "Cache-Control",
                                        "Authorization",
                                        "If-None-Match",
                                        "If-Modified-Since",
                                        "Range",
                                        "X-Forwarded-For",
                                        "X-Forwarded-Proto",
                                        "X-Real-IP",
                                        "X-Requested-With",
                                        "Upgrade-Insecure-Requests",
                                        "host",
                                        "user-agent",
                                        "accept",
                                        "accept-encoding",
                                        "connection",
                                        "cookie",
                                        "content-type",
                                        "content-length"}) {
                   static_cast<void>(keys->find(name));
               }
           }) &&
           PyErr_Occurred() == nullptr;
}

Ref common_environ(PyObject* error_stream, PyObject* file_wrapper, PyObject* more) noexcept {
    Ref environ = Ref::taken(PyDict_New());
    const Ref version = Ref::taken(Py_BuildValue("(ii)", 1, 0));
    const std::string software = "tendril/" + library_version().text();
    const bool done = environ && version && put(environ.get(), "SCRIPT_NAME", text("")) &&
                      put(environ.get(), "SERVER_SOFTWARE", text(software)) &&
                      put(environ.get(), "GATEWAY_INTERFACE", text("CGI/1.1")) &&
                      put(environ.get(), "wsgi.version", version) &&
                      put(environ.get(), "wsgi.multithread", Ref::shared(Py_True)) &&
                      put(environ.get(), "wsgi.multiprocess", Ref::shared(Py_False)) &&
                      put(environ.get(), "wsgi.run_once", Ref::shared(Py_False)) &&
                      put(environ.get(), "wsgi.input_terminated", Ref::shared(Py_True)) &&
                      put(environ.get(), "wsgi.errors", Ref::shared(error_stream)) &&
                      put(environ.get(), "wsgi.file_wrapper", Ref::shared(file_wrapper)) &&
                      (more == nullptr || PyDict_Update(environ.get(), more) == 0) && add_usual(environ.get());
    return done ? std::move(environ) : Ref();
}

Ref connection_environ(PyObject* common, const http::Request& request) noexcept {
    Ref environ = Ref::taken(PyDict_Copy(common));
    bool done = false;
    return environ && guarded([&] { done = add_addresses(environ.get(), request); }) && done ? std::move(environ)
                                                                                             : Ref();
}

Ref request_environ(PyObject* of_connection, http::Request& request, PyObject* input, bool secure_proxy) noexcept {
    Ref environ = Ref::taken(PyDict_Copy(of_connection));
    bool done = false;
    return environ && guarded([&] { done = fill(environ.get(), request, input, secure_proxy); }) && done
               ? std::move(environ)
               : Ref();
}

}  // namespace tendril::python
