// SPDX-License-Identifier: MIT
// Floor: http
//
// Router: a handler that calls another one, by the method and path of the request.
//
//     Router router;
//     router.add("GET", "/users/{id}", [](Request& request, Response& response) {
//         response.send(find_user(request.parameter("id")));
//     });
//     router.add("*", "/files/{path...}", StaticFiles("/srv/www", {.prefix = "/files/"}));
//     http::serve(listen(":8080"), router);
//
// Where several patterns are right, a text goes before a {parameter}, and that before a {tail...}, from the left to the
// right; one that lacks the method is passed over. A path that none is right for is answered with 404; one that is only
// there for other methods with 405 and Allow. HEAD is served by GET's handler unless it has its own, and OPTIONS is
// answered by the Router unless there is a handler for it.
//
// Handlers see clean paths only. One with an empty segment (//), "." or ".." (encoded or not) is answered with 308 to
// the clean path that it means. One that has, encoded, a control character (NUL, CR, LF), a backslash or a slash, or
// that is not UTF-8, is answered with 400. So a parameter that is one segment is never "..", and a {tail...} stays
// below its prefix; what it means among files is safe_join()'s matter (safe_path.hpp).
//
// Copies share their routes. Add all of them before it serves: then any number of hubs may use it. Example:
// examples/http_server.cpp

#pragma once

#include <memory>
#include <string_view>

#include <tendril/http/server.hpp>

namespace tendril::http {

struct RouterOptions {
    // A {name} may hold slashes that were encoded (%2F). Else such a path is answered with 400, as most code that gets
    // a parameter takes it for one segment.
    bool encoded_slashes = false;
};

class Router {
public:
    explicit Router(const RouterOptions& options = {});

    // pattern: "/", and segments between slashes, each a text or a {name}, which is one segment that is not empty; the
    // last may be {name...}: all that follows, perhaps nothing. "/users" and "/users/" are two paths. Texts are given
    // as they are, not percent-encoded; segments are decoded before they are compared. With encoded_slashes, a decoded
    // slash is a part of a {name}; in a {name...} it can't be told from one that separates. method: "*" is any.
    // Throws: std::invalid_argument for a malformed pattern, and, naming both, for one that is for the same paths and
    // method as one before it.
    Router& add(std::string_view method, std::string_view pattern, Handler handler);

    // In place of the answer 404. Throws: std::invalid_argument for an empty handler, as add().
    Router& otherwise(Handler handler);

    // Throws: what the handler throws; ProtocolError (400) for a path that is malformed, or that no handler should see.
    void operator()(Request& request, Response& response) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace tendril::http
