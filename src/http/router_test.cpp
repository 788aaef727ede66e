// SPDX-License-Identifier: MIT

#include <tendril/http/router.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "ask_http.hpp"
#include "green_test.hpp"

namespace tendril::http {
namespace {

using testing::body_of;
using testing::header_of;
using testing::status_of;

Router some_routes() {
    Router router;
    router.add("GET", "/users/{id}", [](Request& request, Response& response) {
        response.send("user " + std::string(request.parameter("id")) + std::string(request.parameter("none")));
    });
    router.add("POST", "/users/{id}", [](Request& /*request*/, Response& response) { response.send(201, "made"); });
    router.add("GET", "/files/{path...}",
               [](Request& request, Response& response) { response.send(request.parameter("path")); });
    return router;
}

TENDRIL_TEST(Router, CallsTheHandlerWithItsParameters) {
    const testing::HttpServer server(some_routes());
    EXPECT_EQ(body_of(server.ask("GET /users/a%2Fb?x=y")), "user a/b");
    EXPECT_EQ(status_of(server.ask("POST /users/5", "Content-Length: 0\r\n")), 201);
    EXPECT_EQ(body_of(server.ask("GET /files/a/b.txt")), "a/b.txt");
    const std::string head = server.ask("HEAD /users/5");
    EXPECT_EQ(status_of(head), 200);
    EXPECT_EQ(header_of(head, "Content-Length"), "6");
    EXPECT_EQ(body_of(head), "");
}

TENDRIL_TEST(Router, AnswersWhatNoHandlerIsFor) {
    const testing::HttpServer server(some_routes());
    EXPECT_EQ(status_of(server.ask("GET /none")), 404);
    EXPECT_EQ(status_of(server.ask("GET /users/%zz")), 400);
    const std::string refused = server.ask("DELETE /users/5");
    EXPECT_EQ(status_of(refused), 405);
    EXPECT_EQ(header_of(refused, "Allow"), "GET, HEAD, OPTIONS, POST");
    const std::string options = server.ask("OPTIONS /users/5");
    EXPECT_EQ(status_of(options), 204);
    EXPECT_EQ(header_of(options, "Allow"), "GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(status_of(server.ask("OPTIONS *")), 204);
}

TENDRIL_TEST(Router, HasAHandlerForTheRest) {
    Router router = some_routes();
    router.otherwise([](Request& request, Response& response) { response.send(410, request.path()); });
    const testing::HttpServer server(router);
    EXPECT_EQ(status_of(server.ask("GET /none")), 410);
    EXPECT_EQ(status_of(server.ask("PUT /users/5")), 405);
}

TEST(RouterTest, refusesEmptyHandlersAndConflicts) {
    Router router;
    EXPECT_THROW(router.add("GET", "/", {}), std::invalid_argument);
    EXPECT_THROW(router.otherwise({}), std::invalid_argument);
    router.add("GET", "/", [](Request& /*request*/, Response& /*response*/) {});
    EXPECT_THROW(router.add("GET", "/", [](Request& /*request*/, Response& /*response*/) {}), std::invalid_argument);
}

}  // namespace
}  // namespace tendril::http
