// SPDX-License-Identifier: MIT
//
// Seed 001's request pattern: a server's framework sets the request, and whatever the application calls finds it,
// without passing it along. Each connection has a green thread, hence a request of its own.

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/local.hpp>

namespace {

struct Request {
    std::string remote_address;
    std::string path;
};

tendril::Local<Request> request;

// The request is there while this lives, also when the application throws or its green thread is killed.
struct RequestScope {
    explicit RequestScope(Request arrived) { request = std::move(arrived); }
    RequestScope(const RequestScope&) = delete;
    RequestScope& operator=(const RequestScope&) = delete;
    ~RequestScope() { request.reset(); }
};

std::string logic() {
    tendril::sleep();  // others are served meanwhile
    return "Hello " + request->remote_address + ", here is " + request->path;
}

void serve_connection(const std::string& client, const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        const RequestScope scope({client, path});
        std::printf("200 OK: %s\n", logic().c_str());
    }
    std::printf("%s is done, a request is there: %d\n", client.c_str(), request.has_value());
}

}  // namespace

int main() {
    using Paths = std::vector<std::string>;
    tendril::join_all(std::vector{tendril::spawn(serve_connection, "10.0.0.1", Paths{"/", "/news"}),
                                  tendril::spawn(serve_connection, "10.0.0.2", Paths{"/about"})});
}
