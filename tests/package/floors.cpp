// SPDX-License-Identifier: MIT
//
// A program that uses the floors with libraries of their own: a page over HTTP, calls of the C library that wait in
// green threads, and something of RabbitMQ that needs no broker. tools/check_packages compares what it prints.

#include <unistd.h>

#include <cstdio>
#include <string>

#include <tendril/amqp/url.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/server.hpp>
#include <tendril/patch/patch.hpp>

int main() {
    using namespace tendril;

    http::Server server("127.0.0.1:0", [](http::Request& request, http::Response& response) {
        response.send("page " + std::string(request.path()), "text/plain");
    });
    server.start();
    std::puts(http::get("http://" + server.address().to_string() + "/one").text().c_str());
    server.stop();

    std::puts(amqp::Url("amqps://user:secret@broker/shop").to_string().c_str());

    try {
        patch::program();
        auto slow = spawn([] {
            ::usleep(20000);
            std::puts("slow");
        });
        auto quick = spawn([] {
            ::usleep(1000);
            std::puts("quick");
        });
        slow.get();
        quick.get();
    } catch (const patch::Error&) {
        std::puts("not patched");  // a static program
    }
    return 0;
}
