// SPDX-License-Identifier: MIT

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include <tendril/socket.hpp>

#include "clients.hpp"
#include "display.hpp"
#include "modes.hpp"
#include "process.hpp"
#include "second_process.hpp"
#include "web_server.hpp"

namespace demo {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t own_descriptors = 16;   // listeners, the event loop, some to spare
constexpr std::size_t room_for_watchers = 8;  // of the live page
constexpr auto hold = 1h;                     // how long connections may say nothing

// How many connections are possible, and where their clients run.
struct Arrangement {
    std::size_t connections;
    bool together;  // in this process, and in the same OS thread
};

// Prints a line if that is fewer than wanted.
Arrangement arrange(std::size_t wanted) {
    const std::size_t free = raise_descriptor_limit();
    if (free <= own_descriptors) {
        throw std::runtime_error("the limit of open descriptors (ulimit -Hn) leaves none for connections");
    }
    const std::size_t room = free - own_descriptors;
    const Arrangement found{std::min(wanted, room), 2 * wanted <= room};
    if (found.connections < wanted) {
        std::printf("The limit of open descriptors (ulimit -Hn) leaves room for %s connections, not %s.\n",
                    grouped(room).c_str(), grouped(wanted).c_str());
    }
    if (!found.together) {
        std::puts("The limit of open descriptors (ulimit -Hn) is too low for both ends in one process:\n"
                  "the clients run in a second one.");
    }
    return found;
}

// Draws the bars and keeps the last tally.
class Display {
public:
    explicit Display(const Plan& plan)
        : plan_(plan), opening_("opening", plan.connections), fetching_("fetching", plan.requests()) {}

    void show(const Tally& tally) {
        footprint_.sample();
        opening_.show(tally.tried);
        if (tally.tried == plan_.connections) {
            fetching_.show(tally.requests + tally.errors);
        }
        last_ = tally;
    }
    void finish() const { print_table(plan_, last_, footprint_); }
    bool succeeded() const { return last_.errors == 0; }

private:
    const Plan& plan_;
    Footprint footprint_;
    Progress opening_, fetching_;
    Tally last_;
};

}  // namespace

int hold_and_fetch(const Options& options) {
    tendril::Listener listener = tendril::listen(tendril::Address::parse(options.address), {.backlog = 4096});
    const auto [connections, together] = arrange(options.connections);
    const Plan plan{listener.address(), connections, std::min(options.in_flight, connections), options.rounds};
    std::printf("%s connections to %s, %s requests on each:\n", grouped(plan.connections).c_str(),
                plan.server.to_string().c_str(), grouped(plan.rounds).c_str());
    std::fflush(stdout);

    Display display(plan);
    WebServer server(std::move(listener), connections + room_for_watchers, hold);
    server.start();
    (together ? run_clients : run_clients_in_second_process)(plan, [&](const Tally& tally) { display.show(tally); });
    server.stop();
    display.finish();
    return display.succeeded() ? 0 : 1;
}

}  // namespace demo
