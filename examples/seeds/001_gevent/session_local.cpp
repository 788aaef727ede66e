// SPDX-License-Identifier: MIT
//
// A WSGI server that keeps the request of each green thread in a local, as frameworks do.

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/server.hpp>
#include <tendril/http/wsgi.hpp>
#include <tendril/local.hpp>

using namespace tendril;
using namespace std::chrono_literals;
namespace wsgi = http::wsgi;

namespace {

Local<std::string> request_path;

// Python's context manager: what its `yield` stands between, the constructor and the destructor do.
struct Session {
    explicit Session(const wsgi::Environ& environment) { request_path = std::string(environment["PATH_INFO"]); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { request_path.reset(); }
};

std::string logic() {
    sleep(50ms);  // the other requests set their own path meanwhile
    return "Hello " + *request_path;
}

wsgi::Chunks application(const wsgi::Environ& environment, const wsgi::StartResponse& start_response) {
    const Session session(environment);
    std::string body = logic();
    start_response("200 OK", {{"Content-Type", "text/html"}});
    return {body};
}

}  // namespace

int main() {
    http::Server server("127.0.0.1:0", wsgi::handler(application));
    server.start();

    http::Client client;
    const auto fetch = [&](const char* name) {
        http::ClientResponse answer = client.get("http://" + server.address().to_string() + "/" + name);
        return std::to_string(answer.status()) + " " + std::string(answer.headers().get("Content-Type")) + " " +
               answer.text();
    };
    std::vector<Greenlet<std::string>> fetches;
    for (const char* name : {"steve", "john", "nancy"}) {
        fetches.push_back(spawn(fetch, name));
    }
    for (const auto& done : fetches) {
        std::puts(done.get().c_str());
    }
    client.close_idle();
    server.stop();
}
