// SPDX-License-Identifier: MIT
//
// A stream of events (text/event-stream), whose handler is idle while it waits for the next one: a stop of the server,
// with an hour of patience for requests that are under way, ends it at once.

#include <chrono>
#include <cstdio>
#include <string>

#include <tendril/buffered.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/server.hpp>
#include <tendril/queue.hpp>

int main() {
    using namespace tendril;

    Queue<std::string> events;
    http::Server server("127.0.0.1:0", [&](http::Request& request, http::Response& response) {
        response.set("Content-Type", "text/event-stream").flush();
        for (;;) {
            std::string event;
            {
                const Serving::Idle idle(request.serving(), IdlePlace::kept);
                event = events.get();
            }
            response.write("data: " + event + "\n\n");
            response.flush();
        }
    });
    server.start();

    http::Client client;
    http::ClientResponse response = client.get("http://" + server.address().to_string() + "/");
    BufferedReader lines(response.body());
    for (const char* event : {"one", "two"}) {
        events.put(event);
        std::puts(lines.read_line()->c_str());
        lines.read_line();  // the empty one
    }
    std::printf("killed after the drain: %d\n", static_cast<int>(server.stop(std::chrono::hours(1))));
}
