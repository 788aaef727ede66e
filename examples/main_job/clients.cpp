// SPDX-License-Identifier: MIT

#include "clients.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/form.hpp>

#include "crew.hpp"

namespace demo {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t slow_one_in = 10;
constexpr std::chrono::seconds patience{30};

tendril::http::Url page_of(const tendril::Address& server, const char* path) {
    return server.path().empty() ? "http://" + server.to_string() + path
                                 : "http+unix://" + tendril::http::percent_encode(server.path()) + path;
}

// Options for a client that keeps its one connection open whatever happens.
tendril::http::ClientOptions one_connection() {
    tendril::http::ClientOptions options;
    options.per_origin = 1;
    options.connections = 1;
    options.idle_timeout = tendril::forever;
    options.decompress = false;
    return options;
}

void fetch_page(tendril::http::Client& client, const tendril::http::Url& page) {
    const tendril::Deadline deadline = patience;
    tendril::http::ClientResponse response = client.get(page, deadline);
    const std::string text = response.text(10'000, deadline);
    if (response.status() != 200 || !text.starts_with("<!doctype html>")) {
        throw std::runtime_error("the server answered " + std::to_string(response.status()));
    }
    if (client.stats().open != 1 || client.stats().made != 1) {
        throw std::runtime_error("the server did not keep the connection open");
    }
}

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

Percentiles percentiles(std::vector<float>& samples) {
    const auto at = [&samples](double share) {
        const auto place =
            samples.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(samples.size() - 1));
        std::ranges::nth_element(samples, place);
        return static_cast<double>(*place);
    };
    return samples.empty() ? Percentiles() : Percentiles{at(0.50), at(0.99)};
}

class Clients {
public:
    explicit Clients(const Plan& plan) : plan_(plan), connections_(plan.connections) {
        for (std::size_t i = 0; i < plan.connections; ++i) {
            connections_[i] = {.client = nullptr, .number = i, .left = plan.rounds};
        }
    }

    const Tally& tally() const { return tally_; }

    void run() {
        const Clock::time_point begin = Clock::now();
        for_all([this](Connection& connection) { return open(connection); });
        tally_.seconds_to_open = seconds_since(begin);
        const Clock::time_point opened = Clock::now();
        for_all([this](Connection& connection) { return fetch(connection); });
        tally_.seconds_to_fetch = seconds_since(opened);
        tally_.prompt = percentiles(prompt_);
        tally_.slow = percentiles(slow_);
        tally_.finished = true;
    }

private:
    struct Connection {
        std::unique_ptr<tendril::http::Client> client;  // one for each connection: one client would share them
        std::size_t number = 0;
        std::size_t left = 0;  // requests to make
    };

    // Calls work(connection) for all connections, in turn, from the green threads in flight; again while it returns
    // true.
    template <class Work>
    void for_all(Work work) {
        std::deque<Connection*> waiting;
        for (Connection& each : connections_) {
            waiting.push_back(&each);
        }
        Crew crew;
        for (std::size_t i = 0; i < std::min(plan_.in_flight, plan_.connections); ++i) {
            crew.add([&waiting, &work] {
                while (!waiting.empty()) {
                    Connection& connection = *waiting.front();
                    waiting.pop_front();
                    if (work(connection)) {
                        waiting.push_back(&connection);
                    }
                }
            });
        }
        crew.join();
    }

    bool open(Connection& connection) {
        try {
            connection.client = std::make_unique<tendril::http::Client>(options_);
            fetch_page(*connection.client, hello_);
            ++tally_.held;
        } catch (const std::exception& error) {
            give_up(connection, error);
        }
        ++tally_.tried;
        return false;
    }

    bool fetch(Connection& connection) {
        if (connection.left == 0) {
            return false;
        }
        const bool slow = (connection.number + connection.left) % slow_one_in == 0;
        try {
            const Clock::time_point begin = Clock::now();
            fetch_page(*connection.client, slow ? slow_page_ : hello_);
            (slow ? slow_ : prompt_).push_back(static_cast<float>(seconds_since(begin) * 1e3));
            ++tally_.requests;
            --connection.left;
        } catch (const std::exception& error) {
            give_up(connection, error);
            --tally_.held;
        }
        return connection.left > 0;
    }

    void give_up(Connection& connection, const std::exception& error) {
        if (tally_.errors == 0) {
            std::snprintf(tally_.first_error, sizeof tally_.first_error, "%s", error.what());
        }
        tally_.errors += std::exchange(connection.left, 0);
        connection.client.reset();
    }

    const Plan& plan_;
    const tendril::http::ClientOptions options_ = one_connection();
    const tendril::http::Url hello_ = page_of(plan_.server, "/hello");
    const tendril::http::Url slow_page_ = page_of(plan_.server, "/slow");
    std::vector<Connection> connections_;
    std::vector<float> prompt_, slow_;  // latencies in milliseconds
    Tally tally_;
};

}  // namespace

void run_clients(const Plan& plan, const OnTally& tell) {
    Clients clients(plan);
    Crew crew;
    const auto& work = crew.add([&clients] { clients.run(); });
    while (!work.join(100ms)) {
        tell(clients.tally());
    }
    work.get();  // throws its error, if any
    tell(clients.tally());
}

}  // namespace demo
