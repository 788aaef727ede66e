// SPDX-License-Identifier: MIT

#include <tendril/http/router.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "green_test.hpp"
#include "http_server.hpp"

namespace tendril::http {
namespace {

using testing::get;
using testing::post;
using testing::RawAnswer;
using testing::request;
using testing::Served;

Router some_routes(const RouterOptions& options = {}) {
    Router router(options);
    router.add("GET", "/users/{id}", [](Request& request, Response& response) {
        response.send("user " + std::string(request.parameter("id")) + std::string(request.parameter("none")));
    });
    router.add("POST", "/users/{id}", [](Request& /*request*/, Response& response) { response.send(201, "made"); });
    router.add("GET", "/files/{path...}",
               [](Request& request, Response& response) { response.send(request.parameter("path")); });
    return router;
}

TENDRIL_TEST(Router, CallsTheHandlerWithItsParameters) {
    Served served(some_routes());
    EXPECT_EQ(served.ask(get("/users/a%20b?x=y")).body, "user a b");
    EXPECT_EQ(served.ask(post("/users/5", "")).status, 201);
    EXPECT_EQ(served.ask(get("/files/a/b.txt")).body, "a/b.txt");
    const std::string head = served.all(request("HEAD /users/5", "Connection: close\r\n"));
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
    EXPECT_NE(head.find("\r\nContent-Length: 6\r\n"), std::string::npos) << head;
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TENDRIL_TEST(Router, AnswersWhatNoHandlerIsFor) {
    Served served(some_routes());
    EXPECT_EQ(served.ask(get("/none")).status, 404);
    EXPECT_EQ(served.ask(get("/users/%zz")).status, 400);
    const RawAnswer refused = served.ask(request("DELETE /users/5"));
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.header("Allow"), "GET, HEAD, OPTIONS, POST");
    const RawAnswer options = served.ask(request("OPTIONS /users/5"));
    EXPECT_EQ(options.status, 204);
    EXPECT_EQ(options.header("Allow"), "GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(served.ask(request("OPTIONS *")).status, 204);
}

TENDRIL_TEST(Router, HasAHandlerForTheRest) {
    Router router = some_routes();
    router.otherwise([](Request& request, Response& response) { response.send(410, request.path()); });
    Served served(router);
    EXPECT_EQ(served.ask(get("/none")).status, 410);
    EXPECT_EQ(served.ask(request("PUT /users/5")).status, 405);
}

// No handler sees such paths: it could take one for another path.
TENDRIL_TEST(Router, CleansPathsOrRefusesThem) {
    Served served(some_routes());
    const auto location = [&](std::string_view target) {
        const RawAnswer answer = served.ask(get(target));
        EXPECT_EQ(answer.status, 308) << target;
        return answer.header("Location").value_or("none");
    };
    EXPECT_EQ(location("/files/../../etc/passwd"), "/etc/passwd");
    EXPECT_EQ(location("/files//etc/passwd?x=//"), "/files/etc/passwd?x=//");
    EXPECT_EQ(location("//evil.com/%2e%2e"), "/");
    EXPECT_EQ(location("http://localhost//users/./5"), "/users/5");
    for (const char* target : {"/users/a%2Fb", "/files/%2e%2e%2Fetc", "/files/x%00.png", "/files/a%0d%0ab",
                               "/files/..%5c", "/files/%c0%ae"}) {
        EXPECT_EQ(served.ask(get(target)).status, 400) << target;
    }
    EXPECT_EQ(served.bad_input.size(), 6U);
    Served open(some_routes({.encoded_slashes = true}));
    EXPECT_EQ(open.ask(get("/users/a%2Fb")).body, "user a/b");
    EXPECT_EQ(open.ask(get("/users/..%2Fb")).status, 400);
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
