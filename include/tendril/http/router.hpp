// SPDX-License-Identifier: MIT
// Floor: http
//
// Router: a handler that calls another handler, chosen by the method and path of the request.
//
//     Router router;
//     router.add("GET", "/users/{id}", [](Request& request, Response& response) {
//         response.send(find_user(request.parameter("id")));
//     });
//     router.add("*", "/files/{path...}", StaticFiles("/srv/www", {.prefix = "/files/"}));
//     http::serve(listen(":8080"), router);
//
// If several patterns match, a text is preferred to a {parameter}, and that to a {tail...}, from left to right;
// patterns without a handler for the method are skipped. A path that no pattern matches is answered with 404; one that
// matches for other methods only, with 405 and Allow. HEAD is served by GET's handler unless it has its own, and
// OPTIONS is answered by the Router unless there is a handler for it.
//
// Handlers see clean paths only. A path with an empty segment (//), "." or ".." (encoded or not) is answered with 308
// to the clean path that it means. A path with an encoded control character (NUL, CR, LF), backslash or slash, or one
// that is not UTF-8, is answered with 400. So a parameter that is one segment is never "..", and a {tail...} stays
// below its prefix. To use it as the name of a file, call safe_join() (safe_path.hpp).
//
// Copies share their routes. Add all routes before it serves: then any number of hubs may use it.
//
// Example: examples/http_server.cpp

#pragma once

#include <memory>
#include <string_view>

#include <tendril/http/server.hpp>

namespace tendril::http {

// Options of a Router.
struct RouterOptions {
    // Whether a {name} may hold encoded slashes (%2F). Otherwise such a path is answered with 400, as most code takes a
    // parameter for one segment.
    bool encoded_slashes = false;
};

class Router {
public:
    explicit Router(const RouterOptions& options = {});  // without routes at first

    // Adds a route. method: a token, or "*" for any. pattern: "/" and segments between slashes. Each segment is a text,
    // or a {name}, which matches one segment that is not empty; the last may be a {name...}, which matches everything
    // that follows, perhaps nothing. "/users" and "/users/" are two paths. Texts are given plain, not percent-encoded;
    // segments are decoded before they are compared. With encoded_slashes, a decoded slash is part of a {name}; in a
    // {name...} it cannot be told from a separating one. The handler gets parameters by Request::parameter().
    // Returns: this. Throws: std::invalid_argument for an empty handler, a malformed pattern, and a pattern for the
    // same paths and method as an earlier one, naming both.
    Router& add(std::string_view method, std::string_view pattern, Handler handler);

    // Sets the handler for paths that no route matches, in place of the answer 404. Returns: this.
    // Throws: std::invalid_argument for an empty handler.
    Router& otherwise(Handler handler);

    // Answers a request: what a server calls. Yields as the handler does.
    // Throws: what the handler throws; ProtocolError (400) for a path that is malformed, or that no handler may see.
    void operator()(Request& request, Response& response) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace tendril::http
