// SPDX-License-Identifier: MIT
//
// Seeds 000 and 002: a crawler in one line, pool.imap(fetch, urls). It fetches three pages at a time, and the bodies
// come in the order of the URLs, whichever arrives first. It brings its own server, which answers the first page last.

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/server.hpp>
#include <tendril/pool.hpp>

int main() {
    using namespace tendril;

    http::Server server("127.0.0.1:0", [](http::Request& request, http::Response& response) {
        const std::string name(request.path().substr(1));
        sleep(std::chrono::milliseconds(name == "one" ? 30 : 1));
        response.send("page " + name, "text/plain");
    });
    server.start();

    std::vector<std::string> urls;
    for (const char* name : {"one", "two", "three", "four", "five"}) {
        urls.push_back("http://" + server.address().to_string() + "/" + name);
    }

    http::Client client;
    const auto fetch = [&client](const std::string& url) { return client.get(url).text(); };
    Pool pool(3);
    for (const std::string& body : pool.imap(fetch, urls)) {
        std::puts(body.c_str());
    }
    std::printf("%d connections were enough\n", static_cast<int>(client.stats().made));

    client.close_idle();
    server.stop();
}
