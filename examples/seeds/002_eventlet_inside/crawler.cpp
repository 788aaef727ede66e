// SPDX-License-Identifier: MIT
//
// A crawler: many pages at once, in the order of the addresses.

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/server.hpp>
#include <tendril/pool.hpp>

using namespace tendril;
using namespace std::chrono_literals;

void site(http::Request& request, http::Response& response) {
    const std::string path(request.path());
    sleep(path == "/slow" ? 300ms : path == "/middle" ? 100ms : 0ms);
    response.send("the page " + path, "text/plain");
}

int main() {
    http::Server server("127.0.0.1:0", site);
    server.start();
    std::vector<std::string> urls;
    for (const char* path : {"/slow", "/quick", "/middle"}) {
        urls.push_back("http://" + server.address().to_string() + path);
    }

    http::Client client;
    const auto fetch = [&](const std::string& url) { return client.get(url).text(); };
    Pool pool;
    for (const std::string& body : pool.imap(fetch, urls)) {
        std::printf("got body %zu %s\n", body.size(), body.c_str());
    }
    client.close_idle();
    server.stop();
}
