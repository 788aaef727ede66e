// SPDX-License-Identifier: MIT
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
// Copies share their routes. Add all of them before it serves: then any number of hubs may use it. Example:
// examples/http_server.cpp

#pragma once

#include <memory>
#include <string_view>

#include <tendril/http/server.hpp>

namespace tendril::http {

class Router {
public:
    Router();

    // pattern: "/", and segments between slashes, each a text or a {name}, which is one segment that is not empty; the
    // last may be {name...}: all that follows, perhaps nothing. "/users" and "/users/" are two paths. Texts are given
    // as they are, not percent-encoded; segments are decoded before they are compared, so in a {name} a decoded slash
    // is a part of it; in a {name...} it can't be told from one that separates. method: "*" is any.
    // Throws: std::invalid_argument for a malformed pattern, and, naming both, for one that is for the same paths and
    // method as one before it.
    Router& add(std::string_view method, std::string_view pattern, Handler handler);

    // In place of the answer 404. Throws: std::invalid_argument for an empty handler, as add().
    Router& otherwise(Handler handler);

    // Throws: what the handler throws; ProtocolError (400) for a path that is malformed.
    void operator()(Request& request, Response& response) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace tendril::http
