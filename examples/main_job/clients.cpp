// SPDX-License-Identifier: MIT

#include "clients.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>

#include "crew.hpp"
#include "fetch.hpp"

namespace demo {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t slow_one_in = 10;

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
            connections_[i] = {.socket = {}, .number = i, .left = plan.rounds};
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
        tendril::TcpSocket socket;
        std::size_t number = 0;
        std::size_t left = 0;  // requests to make
    };

    // work(connection) for all of them, in turn, by the green threads in flight; again while it returns true.
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
            connection.socket = tendril::connect(plan_.server, patience);
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
            fetch_page(connection.socket, slow ? "/slow" : "/");
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
        connection.socket.close();
    }

    const Plan& plan_;
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
    work.get();  // its error, if any
    tell(clients.tally());
}

}  // namespace demo
