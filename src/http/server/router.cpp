// SPDX-License-Identifier: MIT

#include <tendril/http/router.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "http/message/clean_path.hpp"
#include "http/server/route_table.hpp"

namespace tendril::http {

struct Router::State {
    RouterOptions options;
    detail::RouteTable table;
    std::vector<Handler> handlers;
    Handler otherwise = [](Request& /*request*/, Response& response) {
        response.send(404, "Not Found\n", "text/plain");
    };
};

Router::Router(const RouterOptions& options) : state_(std::make_shared<State>()) {
    state_->options = options;
}

Router& Router::add(std::string_view method, std::string_view pattern, Handler handler) {
    if (!handler) {
        throw std::invalid_argument("Router::add: the handler is empty");
    }
    state_->handlers.reserve(state_->handlers.size() + 1);
    state_->table.add(method, pattern, state_->handlers.size());
    state_->handlers.push_back(std::move(handler));
    return *this;
}

Router& Router::otherwise(Handler handler) {
    if (!handler) {
        throw std::invalid_argument("Router::otherwise: the handler is empty");
    }
    state_->otherwise = std::move(handler);
    return *this;
}

void Router::operator()(Request& request, Response& response) const {
    if (request.path() == "*" && request.method() == "OPTIONS") {  // about the server as a whole
        response.status(204).send({});
        return;
    }
    if (request.path().starts_with('/')) {
        if (const auto clean = detail::clean_path(request.path(), state_->options.encoded_slashes)) {
            const std::string_view mark = request.query().empty() ? "" : "?";
            response.set("Location", *clean + std::string(mark) + std::string(request.query()));
            response.send(308, "Permanent Redirect\n", "text/plain");
            return;
        }
    }
    const auto match = state_->table.match(request.method(), request.path());
    switch (match.kind) {
    case detail::RouteTable::Kind::found:
        for (const auto& [name, value] : match.parameters) {
            request.set_parameter(name, value);
        }
        state_->handlers[match.handler](request, response);
        return;
    case detail::RouteTable::Kind::not_found:
        state_->otherwise(request, response);
        return;
    case detail::RouteTable::Kind::method_not_allowed:
        response.set("Allow", match.allowed);
        if (request.method() == "OPTIONS") {
            response.status(204).send({});
        } else {
            response.send(405, "Method Not Allowed\n", "text/plain");
        }
        return;
    }
}

}  // namespace tendril::http
