// SPDX-License-Identifier: MIT

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>

#include <tendril/event.hpp>
#include <tendril/signal.hpp>

#include "modes.hpp"
#include "process.hpp"
#include "web_server.hpp"

namespace demo {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t own_descriptors = 16;

}  // namespace

int serve_until_signal(const Options& options) {
    const std::size_t descriptors = raise_descriptor_limit();
    const std::size_t most = std::max(descriptors, own_descriptors + 1) - own_descriptors;
    WebServer server(tendril::listen(tendril::Address::parse(options.address), {.backlog = 4096}), most, 10s);
    tendril::Event ended;
    const auto end = [&ended](int signal) {
        if (ended.is_set()) {
            _exit(128 + signal);
        }
        ended.set();
    };
    const tendril::Signal on_interrupt = tendril::on_signal(SIGINT, end);
    const tendril::Signal on_terminate = tendril::on_signal(SIGTERM, end);
    server.start();
    const tendril::Address address = server.address();
    std::printf("Serving on %s%s/ (also /hello, /slow, /stats.json) until Ctrl-C.\n",
                address.path().empty() ? "http://" : "", address.to_string().c_str());
    std::fflush(stdout);
    ended.wait();
    std::puts("\nDraining; Ctrl-C again ends at once.");
    std::fflush(stdout);
    server.stop();
    std::puts("Drained.");
    return 0;
}

}  // namespace demo
