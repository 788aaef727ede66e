// SPDX-License-Identifier: MIT
//
// A server that asks for a user and a password, and a client that has them for this server alone: nothing is sent
// before the server asks, and later requests carry them from the start.

#include <cstdio>
#include <string>

#include <tendril/http/client.hpp>
#include <tendril/http/credentials.hpp>
#include <tendril/http/server.hpp>

int main() {
    using namespace tendril;

    int refused = 0;
    http::Server server("127.0.0.1:0", [&](http::Request& request, http::Response& response) {
        const auto sent = http::basic_credentials(request.headers());
        if (!sent || !http::same_credentials(*sent, {"aladdin", "open sesame"})) {
            ++refused;
            http::ask_for_basic(response, "the cave");
            return;
        }
        response.send("welcome, " + sent->user);
    });
    server.start();
    const std::string url = "http://" + server.address().to_string();

    std::printf("without: %d\n", http::get(url).status());
    {
        http::Client client({.credentials = {{url, {"aladdin", "open sesame"}}}});
        std::puts(client.get(url).text().c_str());
        std::puts(client.get(url).text().c_str());
    }
    std::printf("refused: %d times\n", refused);
    server.stop();
}
